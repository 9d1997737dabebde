package apache

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

const vhost = `shop.test:443 203.0.113.77 - ada [24/Nov/2026:10:02:57 +0000] "GET /a\"b HTTP/1.1" 200 5120 "-" "curl/8 \\ \t"`

func suite(t testing.TB) parsertest.Suite {
	return parsertest.Suite{
		New: func(t testing.TB) parsers.Parser {
			p, err := open(Config{}, parsers.Deps{})
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
		Good: []string{
			vhost,
			`127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`,
			`127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 304 - "http://x/" "Mozilla/4.08" 1234`,
			`::1 - - [10/Oct/2000:13:55:36 -0700] "-" 408 -`,
		},
		Bad: []string{``, `x`, `[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708] AH00001: x`, `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /`},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }

func TestAVirtualHostIsNamed(t *testing.T) {
	b := event.NewBatch(&event.Source{})
	b.AddLine([]byte(vhost), 0, len(vhost))
	suite(t).New(t).Parse(b, 0)
	got := string(b.AppendDocument(nil, 0, parsertest.Classes))
	want := `{"@timestamp":"2026-11-24T10:02:57.000Z","source.address":"203.0.113.77","source.ip":"203.0.113.77","user.name":"ada","url.domain":"shop.test","http.request.method":"GET","url.original":"/a\"b","url.path":"/a\"b","http.version":"1.1","http.response.status_code":200,"http.response.body.bytes":5120,"user_agent.original":"curl/8 \\ \t",` +
		`"message":"shop.test:443 203.0.113.77 - ada [24/Nov/2026:10:02:57 +0000] \"GET /a\\\"b HTTP/1.1\" 200 5120 \"-\" \"curl/8 \\\\ \\t\"","labels.retention":"standard"}`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("document (-got +want):\n%s", diff)
	}
}

func BenchmarkParse(b *testing.B) { parsertest.Benchmark(b, suite(b).New(b), vhost) }
