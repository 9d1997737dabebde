package nginx

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

const combined = `203.0.113.77 - - [24/Nov/2026:10:02:57 +0000] "GET /api/v1/properties/48213?from=2026-12-01 HTTP/1.1" 200 5120 "https://renthub.test/search?q=berlin" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"`

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
			combined,
			`127.0.0.1 - ada lovelace [24/Nov/2026:10:02:57 +0000] "GET /d?err=1 HTTP/1.1" 200 12 "-" "Mozilla/5.0 \x22q\x22"`,
			`127.0.0.1 - - [24/Nov/2026:10:02:57 +0000] "GET /\xC3\x28 HTTP/2.0" 404 0 "-" "x" "1.2.3.4, 5.6.7.8" rt=0.123 urt="0.100, 0.2" uct=00.1 uht=0.001 rt=9.9 x`,
			`unix: - - [24/Nov/2026:10:02:57 +0000] "\x16\x03\x01" 400 150 "-" "-"`,
			`::1 - - [24/Nov/2026:10:02:57 +0000] "" 400 0 "-" "-"`,
			`1.2.3.4 - - [99/Nov/2026:10:02:57 +0000] "GET / HTTP/1.1" 007 01 "-" "-"`,
			`1.2.3.4 - - [24/Nov/2026:10:02:57 +0000] "GET * HTTP/1.1" 200 1`,
			`2026/11/24 10:03:00 [error] 22476#22476: *18 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: renthub.test`,
			`2026/11/24 10:03:00 [emerg] 1#1: bind() failed`,
		},
		Bad: []string{``, `plain text`, `1.2.3.4 - - [24/Nov/2026:10:02:57 +0000] "GET`, `1.2.3.4 - - [x] "GET / HTTP/1.1" 200 1`,
			`1.2.3.4 - - [24/Nov/2026:10:02:57 +0000] "GET / HTTP/1.1" abc 1`, `2026/11/24 10:03:00 [nope] 1#1: x`, `2026/11/24 10:03:00 [error] x`},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }

func TestLinesBecomeFields(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"the combined format", `127.0.0.1 - ada [24/Nov/2026:10:02:57 +0100] "GET /d?err=1 HTTP/1.1" 200 12 "http://a/" "Mozilla/5.0 \x22q\x22"`,
			`{"@timestamp":"2026-11-24T09:02:57.000Z","source.address":"127.0.0.1","source.ip":"127.0.0.1","user.name":"ada","http.request.method":"GET","url.original":"/d?err=1","url.path":"/d","url.query":"err=1","http.version":"1.1","http.response.status_code":200,"http.response.body.bytes":12,"http.request.referrer":"http://a/","user_agent.original":"Mozilla/5.0 \"q\"",` +
				`"message":"127.0.0.1 - ada [24/Nov/2026:10:02:57 +0100] \"GET /d?err=1 HTTP/1.1\" 200 12 \"http://a/\" \"Mozilla/5.0 \\x22q\\x22\"","labels.retention":"standard"}`},
		{"a tail", `localhost - - [24/Nov/2026:10:02:57 +0000] "\x16\x03" 400 0 "-" "-" "1.2.3.4" rt=0.123 urt=-`,
			`{"@timestamp":"2026-11-24T10:02:57.000Z","source.address":"localhost","http.response.status_code":400,"http.response.body.bytes":0,"nginx.forwarded_for":"1.2.3.4","nginx.request_time":0.123,` +
				`"message":"localhost - - [24/Nov/2026:10:02:57 +0000] \"\\x16\\x03\" 400 0 \"-\" \"-\" \"1.2.3.4\" rt=0.123 urt=-","labels.retention":"standard"}`},
		{"the error log", `2026/11/24 10:03:00 [crit] 22476#7: *18 open() failed, client: ::1, server: x`,
			`{"@timestamp":"2026-11-24T10:03:00.000Z","log.level":"critical","process.pid":22476,"process.thread.id":7,"source.address":"::1","message":"*18 open() failed, client: ::1, server: x","labels.retention":"standard"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := event.NewBatch(&event.Source{})
			b.AddLine([]byte(tt.in), 0, len(tt.in))
			if p := suite(t).New(t); !p.Parse(b, 0) {
				t.Fatalf("got %v", b.Row(0).Error)
			}
			if diff := cmp.Diff(string(b.AppendDocument(nil, 0, parsertest.Classes)), tt.want); diff != "" {
				t.Errorf("document (-got +want):\n%s", diff)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) { parsertest.Benchmark(b, suite(b).New(b), combined) }

// BenchmarkRegexp is what the same costs with package regexp, without making
// fields of it.
func BenchmarkRegexp(b *testing.B) {
	re := regexp.MustCompile(`^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) ([^"]+)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"`)
	line := []byte(combined)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if re.FindSubmatchIndex(line) == nil {
			b.Fatal("no match")
		}
	}
}
