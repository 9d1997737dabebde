package laravel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

const exception = `[2026-11-24 10:02:55] production.ERROR: Payment gateway said "declined" for booking #42 {"userId":7,"exception":"[object] (App\\Exceptions\\PaymentException(code: 402): The card was \"declined\" at the bank at /app/PaymentService.php:4)
[stacktrace]
#0 /app/run.php(7): PaymentService->charge()
#1 {main}

[previous exception] [object] (LogicException(code: 0): no funds at /app/Bank.php:9)
[stacktrace]
#0 {main}
"} `

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
			exception,
			`[2026-11-24T10:02:55.348434+00:00] production.INFO: Booking created {"booking_id":42} []`,
			`[2026-11-24T10:02:55.348434+00:00] local.DEBUG: nothing [] []`,
			`[2026-11-24T10:02:55.348434+00:00] local.DEBUG: x [] {"request_id":"r-1"}`,
			`[2026-11-24 10:02:55] local.WARNING: users [1,2]`,
			"[2026-11-24 10:02:55] local.NOTICE: several\nlines {\nof text",
			`[2026-11-24 10:02:55] local.INFO: a {b} c {"x":{"y":" {"},"x":2,"labels":3}`,
			`[2026-11-24 10:02:55] local.INFO:`,
			`[2026-99-24 10:02:55] local.INFO: bad time`,
			`[2026-11-24 10:02:55] local.ERROR: e {"exception":"[object] (X"}`,
			`[2026-11-24 10:02:55] local.ERROR: e {"exception":"[object] (X(code: 1): m at f:1)","exception":"[object] (Y(code: 1): m)"}`,
			`[2026-11-24 10:02:55] local.ERROR: ` + strings.Repeat(" {", 100) + "}",
			"[2026-11-24 10:02:55] local.ERROR: bad \xff bytes {\"a\":\"\xfe\"}",
		},
		Bad: []string{``, `plain`, `[2026-11-24 10:02:55]`, `[2026-11-24 10:02:55] no level: x`, `[x] production.ERROR: x`, `[2026-11-24 10:02:55] production.NOPE: x`},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }

func TestRecordsBecomeFields(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"an exception with a cause", exception,
			`{"@timestamp":"2026-11-24T10:02:55.000Z","log.level":"error","deployment.environment":"production","message":"Payment gateway said \"declined\" for booking #42",` +
				`"log.origin.file.line":4,"log.origin.file.name":"/app/PaymentService.php","error.type":"App\\Exceptions\\PaymentException","error.code":"402",` +
				`"error.message":"The card was \"declined\" at the bank",` +
				`"error.stack_trace":"#0 /app/run.php(7): PaymentService->charge()\n#1 {main}\n\n[previous exception] [object] (LogicException(code: 0): no funds at /app/Bank.php:9)\n[stacktrace]\n#0 {main}",` +
				`"context":{"userId":7},"labels.retention":"standard"}`},
		{"Monolog's default format", `[2026-11-24T10:02:55.348434+00:00] production.INFO: Booking created {"booking_id":42} []`,
			`{"@timestamp":"2026-11-24T10:02:55.348434Z","log.level":"info","deployment.environment":"production","message":"Booking created","context":{"booking_id":42},"labels.retention":"standard"}`},
		{"empty context and extra", `[2026-11-24T10:02:55+00:00] local.DEBUG: nothing [] []`,
			`{"@timestamp":"2026-11-24T10:02:55.000Z","log.level":"debug","deployment.environment":"local","message":"nothing","labels.retention":"standard"}`},
		{"a message that ends in a list", `[2026-11-24 10:02:55] local.WARNING: users [1,2]`,
			`{"@timestamp":"2026-11-24T10:02:55.000Z","log.level":"warn","deployment.environment":"local","message":"users [1,2]","labels.retention":"standard"}`},
		{"a message of several lines", "[2026-11-24 10:02:55] local.NOTICE: several\nlines",
			`{"@timestamp":"2026-11-24T10:02:55.000Z","log.level":"notice","deployment.environment":"local","message":"several\nlines","labels.retention":"standard"}`},
		{"braces before the context", `[2026-11-24 10:02:55] local.INFO: a {b} c {"x":1}`,
			`{"@timestamp":"2026-11-24T10:02:55.000Z","log.level":"info","deployment.environment":"local","message":"a {b} c","context":{"x":1},"labels.retention":"standard"}`},
		{"a time that is none", `[2026-99-24 10:02:55] local.INFO: x`,
			`{"@timestamp":"1970-01-01T00:00:00.000Z","log.level":"info","deployment.environment":"local","message":"x","sluice.parse_error":"bad_time","labels.retention":"standard"}`},
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

func BenchmarkParse(b *testing.B) { parsertest.Benchmark(b, suite(b).New(b), exception) }
