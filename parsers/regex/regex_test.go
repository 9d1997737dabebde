package regex

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/internal/captures"
	"github.com/renthub/sluice/parsers/parsertest"
)

const line = `10.0.0.1 [24/Nov/2026:10:02:57 -0700] level=warn all is well`

func suite(t testing.TB) parsertest.Suite {
	return parsertest.Suite{
		New: func(t testing.TB) parsers.Parser {
			re := regexp.MustCompile(`^(?P<ip>\S+) \[(?P<time>[^\]]+)\] (?:level=(?P<level>\w+) )?(?P<message>.*)$`)
			p, err := open(Config{Pattern: re, Timestamp: &captures.Timestamp{Field: "time", Layout: "02/Jan/2006:15:04:05 -0700"}}, parsers.Deps{})
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
		Good:      []string{line, `a [never] x`, "a\xff [24/Nov/2026:10:02:57 -0700] \xff"},
		Bad:       []string{``, `x`, "a [b] x\ny"},
		Allocates: true, // package regexp does
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }

func TestGroupsBecomeFields(t *testing.T) {
	b := event.NewBatch(&event.Source{})
	b.AddLine([]byte(line), 0, len(line))
	suite(t).New(t).Parse(b, 0)
	got := string(b.AppendDocument(nil, 0, parsertest.Classes))
	want := `{"@timestamp":"2026-11-24T17:02:57.000Z","ip":"10.0.0.1","log.level":"warn","message":"all is well","labels.retention":"standard"}`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("document (-got +want):\n%s", diff)
	}
}

func TestAPatternWithoutNamesIsRefused(t *testing.T) {
	if problems := (Config{Pattern: regexp.MustCompile(`(a)`)}).Validate(); len(problems) != 1 {
		t.Errorf("got %v, want one", problems)
	}
}

func BenchmarkParse(b *testing.B) { parsertest.Benchmark(b, suite(b).New(b), line) }
