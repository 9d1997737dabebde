package pattern

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/captures"
	"github.com/renthub/sluice/parsers/parsertest"
)

const (
	gateway = `<ip> - <user.name> [<time>] "<method> <url.path> <_>" <status:int> <took:float> <message>`
	line    = `10.0.0.1 - ada [24/Nov/2026:10:02:57 +0000] "GET /x HTTP/1.1" 200 0.125 all is well`
)

func suite(t testing.TB) parsertest.Suite {
	return parsertest.Suite{
		New: func(t testing.TB) parsers.Parser {
			p, err := open(Config{Pattern: gateway, Timestamp: &captures.Timestamp{Field: "time", Layout: "02/Jan/2006:15:04:05 -0700"}}, parsers.Deps{})
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
		Good: []string{line,
			`a - b [never] "c d e" 007 -1 `,
			"a\xff - b [24/Nov/2026:10:02:57 +0000] \"c d e\" -5 0.5 \xff",
		},
		Bad: []string{``, `x`, `a - b [c] "d e f" x 1 y`, `a - b [c] "d e f" 1 1. y`},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }

func TestCapturesBecomeFields(t *testing.T) {
	b := event.NewBatch(&event.Source{})
	b.AddLine([]byte(line), 0, len(line))
	suite(t).New(t).Parse(b, 0)
	got := string(b.AppendDocument(nil, 0, parsertest.Classes))
	want := `{"@timestamp":"2026-11-24T10:02:57.000Z","ip":"10.0.0.1","user.name":"ada","method":"GET","url.path":"/x","status":200,"took":0.125,"message":"all is well","labels.retention":"standard"}`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("document (-got +want):\n%s", diff)
	}
}

func TestBadPatternsAreRefusedWithAReason(t *testing.T) {
	tests := []struct{ pattern, want string }{
		{`plain`, "no capture"},
		{`<a><b>`, "nothing stands between"},
		{`<a> <a>`, "captured twice"},
		{`<a`, "begins no capture"},
		{`<a:date>`, "text, int or float"},
		{`<a b>`, "cannot be the name"},
		{`<_> <_>`, "captures nothing"},
	}
	for _, tt := range tests {
		problems := Config{Pattern: tt.pattern}.Validate()
		if len(problems) != 1 || !strings.Contains(problems[0].Detail, tt.want) {
			t.Errorf("%s: got %v, want one with %q", tt.pattern, problems, tt.want)
		}
	}
	if problems := (Config{Pattern: `<<<a>> x`}).Validate(); len(problems) != 0 {
		t.Errorf("got %v, want none", problems)
	}
	if problems := (Config{Pattern: `<a>`, Timestamp: &captures.Timestamp{Field: "b"}}).Validate(); len(problems) != 1 {
		t.Errorf("got %v, want one", problems)
	}
}

func BenchmarkParse(b *testing.B) { parsertest.Benchmark(b, suite(b).New(b), line) }
