package logfmt

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

const sample = `time=2026-11-24T10:02:55.348231Z level=info msg="request completed: GET /api/v1/properties/48213/availability" request_id=7f3c9a52-0b1e-4c8e-9d5f-2f6f0a1b3c4d user_id=482913 tenant=eu-west method=GET status=200 bytes=5120 duration_ms=12.482 remote=10.12.7.33 cache=miss db_queries=7`

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
			sample,
			`a=1`,
			`a=1 b a=2 a.b=3 c="x \"y\" \u00e9 \n" d= e=""`,
			`level=warn msg=x error=boom host=web-1 service=pay kubernetes.pod.name=forged log.file.path=x labels.retention=y`,
			`ts=1795514621.5 lvl=dbug msg="hello"`,
			`time="24/Nov/2026:10:02:57 +0000" severity=7`,
			"a=1\nb=2\tc=\"x\ny\"",
			"k\xff=1 k\xfe=2 v=\xff",
			`a=b=c x="=" ..=1 .=2`,
		},
		Bad: []string{``, ` `, `plain`, `plain a=1`, `=1`, `a="x`, `a="x"y`, `a"b=1`, `a="x\`},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }

func TestPairsBecomeFields(t *testing.T) {
	in := `time=2026-11-24T10:02:55Z level=warn msg="a \"b\"" n=1 flag err=boom`
	b := event.NewBatch(&event.Source{})
	b.AddLine([]byte(in), 0, len(in))
	suite(t).New(t).Parse(b, 0)
	got := string(b.AppendDocument(nil, 0, parsertest.Classes))
	want := `{"@timestamp":"2026-11-24T10:02:55Z","log.level":"warn","message":"a \"b\"","n":"1","flag":true,"error.message":"boom","labels.retention":"standard"}`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("document (-got +want):\n%s", diff)
	}
}

func BenchmarkParse(b *testing.B) { parsertest.Benchmark(b, suite(b).New(b), sample) }
