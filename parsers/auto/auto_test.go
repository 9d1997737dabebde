package auto

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

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
			``, `plain text`, `[notice] x`, `{broken`, `a=b c`, `x = y level=1`,
			`{"level":"info","msg":"x"}`,
			`[2026-11-24 10:02:55] production.ERROR: x {"a":1}`,
			`127.0.0.1 - - [24/Nov/2026:10:02:57 +0000] "GET / HTTP/1.1" 200 12 "-" "curl"`,
			`shop:80 127.0.0.1 - - [24/Nov/2026:10:02:57 +0000] "GET / HTTP/1.1" 200 12`,
			`2026/11/24 10:03:00 [error] 1#1: x`,
			`time=2026-11-24T10:02:55Z level=info msg="x"`,
		},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }

func TestEachRecordOfAMixedStreamIsReadAsWhatItIs(t *testing.T) {
	tests := []struct{ in, key, want string }{
		{`{"level":"info","msg":"x"}`, "message", "x"},
		{`127.0.0.1 - - [24/Nov/2026:10:02:57 +0000] "GET / HTTP/1.1" 200 12 "-" "curl"`, "http.response.status_code", "200"},
		{`[2026-11-24 10:02:55] production.ERROR: x {"a":1}`, "deployment.environment", "production"},
		{`plain text`, "", ""},
		{`time=2026-11-24T10:02:55Z level=info msg="y"`, "message", "y"},
		{`{"broken`, "", ""},
		{`2026/11/24 10:03:00 [error] 1#1: x`, "log.level", "error"},
		{`a=b is an equation`, "", ""},
	}
	p := suite(t).New(t)
	b := event.NewBatch(&event.Source{})
	for range 2 {
		for _, tt := range tests {
			b.AddLine([]byte(tt.in), 0, len(tt.in))
			i := b.Len() - 1
			if !p.Parse(b, i) || b.Row(i).Error != event.NoError {
				t.Errorf("%q: got error %v, want none", tt.in, b.Row(i).Error)
			}
			got := ""
			if k := b.Find(i, tt.key); k >= 0 {
				got = string(b.Bytes(b.Fields(i)[k].Val))
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("%q: %s (-got +want):\n%s", tt.in, tt.key, diff)
			}
			if tt.key == "" && len(b.Fields(i)) > 0 {
				t.Errorf("%q: got fields, want the line alone", tt.in)
			}
		}
	}
}

func BenchmarkMixed(b *testing.B) {
	parsertest.Benchmark(b, suite(b).New(b), `127.0.0.1 - - [24/Nov/2026:10:02:57 +0000] "GET / HTTP/1.1" 200 12 "-" "curl"`)
}
