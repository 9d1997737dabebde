package enrich_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/enrich"
	"github.com/renthub/sluice/parsers/json"
	"github.com/renthub/sluice/parsers/parsertest"
)

// text is a constant value; missing is one that is not there.
type text string

func (t text) Append(dst []byte, _ event.Record) ([]byte, event.Kind) {
	return append(dst, t...), event.String
}

type missing struct{}

func (missing) Append(dst []byte, _ event.Record) ([]byte, event.Kind) { return dst, event.Missing }

func redactor(t testing.TB, fields ...string) *enrich.Redactor {
	r, err := enrich.NewRedactor(fields, enrich.Patterns())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func parser(t testing.TB) parsers.Parser {
	p, err := json.Type.Open(json.Type.Config(), parsers.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// apply parses a line, applies blocks and returns the document without its
// time and retention class.
func apply(t testing.TB, line string, blocks ...*enrich.Block) string {
	b := event.NewBatch(&event.Source{})
	b.AddLine([]byte(line), 0, len(line))
	if strings.HasPrefix(line, "{") {
		parser(t).Parse(b, 0)
	}
	view := &event.View{Batch: b, Classes: parsertest.Classes}
	for _, e := range blocks {
		e.Apply(b, 0, view)
	}
	if b.Row(0).Flags&event.Dropped != 0 {
		return "dropped"
	}
	doc := string(b.AppendDocument(nil, 0, parsertest.Classes))
	doc = strings.Replace(doc, `"@timestamp":"1970-01-01T00:00:00.000Z",`, "", 1)
	return strings.Replace(doc, `,"labels.retention":"standard"`, "", 1)
}

func TestABlockChangesARow(t *testing.T) {
	tests := []struct {
		name, in, want string
		block          enrich.Block
	}{
		{"a field is renamed", `{"svc":"pay","a":1}`, `{"a":1,"service.name":"pay"}`,
			enrich.Block{Rename: []enrich.Rename{{"svc", "service.name"}, {"none", "b"}}}},
		{"a nested field is renamed", `{"ctx":{"a":1,"b":{"c":"x"}, "d":2}}`, `{"ctx":{"a":1, "d":2},"trace.id":{"c":"x"}}`,
			enrich.Block{Rename: []enrich.Rename{{"ctx.b", "trace.id"}}}},
		{"the last member of an object is renamed", `{"ctx":{"a":1 , "b" : "x"}}`, `{"ctx":{"a":1 },"c":"x"}`,
			enrich.Block{Rename: []enrich.Rename{{"ctx.b", "c"}}}},
		{"the only member of an object is renamed", `{"ctx":{"a\"b":1}}`, `{"ctx":{},"c":1}`,
			enrich.Block{Rename: []enrich.Rename{{`ctx.a"b`, "c"}}}},
		{"a renamed field takes the place of another", `{"a":1,"b":2}`, `{"b":1}`,
			enrich.Block{Rename: []enrich.Rename{{"a", "b"}}}},
		{"the line is renamed", `plain`, `{"event.original":"plain"}`,
			enrich.Block{Rename: []enrich.Rename{{"message", "event.original"}}}},
		{"a field is set", `{"a":1}`, `{"a":1,"labels.cluster":"eu"}`,
			enrich.Block{Set: []enrich.Setting{{"labels.cluster", text("eu")}, {"b", missing{}}}}},
		{"a set field takes the place of a nested one", `{"ctx":{"a":1,"b":2}}`, `{"ctx":{"b":2},"ctx.a":"x"}`,
			enrich.Block{Set: []enrich.Setting{{"ctx.a", text("x")}}}},
		{"a set field takes the place of those below it", `{"ctx.a":1,"ctx.b":2,"c":3}`, `{"c":3,"ctx":"x"}`,
			enrich.Block{Set: []enrich.Setting{{"ctx", text("x")}}}},
		{"a set field with a dot takes the place of those below it", `{"a.b.c":1,"a.d":2}`, `{"a.d":2,"a.b":"x"}`,
			enrich.Block{Set: []enrich.Setting{{"a.b", text("x")}}}},
		{"a scalar above a set field becomes a label", `{"ctx":1}`, `{"labels.ctx":1,"ctx.a":"x"}`,
			enrich.Block{Set: []enrich.Setting{{"ctx.a", text("x")}}}},
		{"the message is set", `plain`, `{"message":"x"}`,
			enrich.Block{Set: []enrich.Setting{{"message", text("x")}}}},
		{"the time is set", `{"@timestamp":"2026-11-24T10:00:00Z","a":1}`, `{"@timestamp":"2026-11-24T11:00:00.000Z","a":1}`,
			enrich.Block{Set: []enrich.Setting{{"@timestamp", text("2026-11-24 11:00:00")}}}},
		{"a row is dropped", `{"a":1}`, `dropped`, enrich.Block{Drop: true}},
		{"a row of another kind is left alone", `{"a":1}`, `{"a":1}`,
			enrich.Block{Drop: true, Where: func(r event.Record) bool { return r.Lookup("a").Kind == event.String }}},
		{"fields are removed, nested ones and whole trees too", `{"a":1,"b":{"c":1,"d":2},"e.f":3,"e.g":4}`, `{"b":{"d":2}}`,
			enrich.Block{Remove: []string{"a", "b.c", "e", "none"}}},
		{"fields are redacted", `{"a":1,"ctx":{"password":"x","n":{"m":[1]}},"e.f":3,"message":"x"}`,
			`{"a":1,"ctx":{"password":"[redacted]","n":"[redacted]"},"e.f":"[redacted]","message":"[redacted]"}`,
			enrich.Block{Redact: redactor(t, "ctx.password", "ctx.n", "e", "message")}},
		{"the line is redacted as the message", `plain`, `{"message":"[redacted]"}`,
			enrich.Block{Redact: redactor(t, "message")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(apply(t, tt.in, &tt.block), tt.want); diff != "" {
				t.Errorf("document (-got +want):\n%s", diff)
			}
		})
	}
}

func TestPatternsAreRedactedWhereverTheyStand(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"an address", `mail to bob.smith+x@mail.example.com, not to a@b or @c`, `{"message":"mail to [redacted], not to a@b or @c"}`},
		{"several in one line", `a@b.io c@d.org`, `{"message":"[redacted] [redacted]"}`},
		{"a card, as one number and in groups", `4111111111111111 and 5500-0000-0000-0004 and 3782 822463 10005.`, `{"message":"[redacted] and [redacted] and [redacted]."}`},
		{"a card behind another number", `booking 42 4111 1111 1111 1111`, `{"message":"booking 42 [redacted]"}`},
		{"numbers that are no cards", `1795514621348 4111111111111112 x4111111111111111 41111111111111111111111`, `{"message":"1795514621348 4111111111111112 x4111111111111111 41111111111111111111111"}`},
		{"a bearer token", `Authorization: Bearer eyJhbGciOi.eyJzdWIi.x-y_z done`, `{"message":"Authorization: Bearer [redacted] done"}`},
		{"a word that is no token", `the bearer of news`, `{"message":"the bearer of news"}`},
		{"passwords in text", `password=hunter2&x=1 DB_PASSWORD: "s3 cret" 'user_passwd' => 'x' {"password":"y"} password is wrong`,
			`{"message":"password=[redacted]&x=1 DB_PASSWORD: \"[redacted]\" 'user_passwd' => '[redacted]' {\"password\":\"[redacted]\"} password is wrong"}`},
		{"JSON within a string", `{"msg":"body {\"password\":\"hunter2\",\"a\":1}"}`, `{"message":"body {\"password\":\"[redacted]\",\"a\":1}"}`},
		{"fields, nested and in arrays", `{"user":{"mail":"a@b.io","tags":["x","c@d.io",7]},"to":"e@f.io","n":1}`,
			`{"user":{"mail":"[redacted]","tags":["x","[redacted]",7]},"to":"[redacted]","n":1}`},
		{"keys of passwords", `{"password":"x","ctx":{"db_password":7,"passwords":["y",true,null],"p\u0061ssword":"z"},"Password_hash":"h"}`,
			`{"password":"[redacted]","ctx":{"db_password":"[redacted]","passwords":["[redacted]",true,null],"p\u0061ssword":"[redacted]"},"Password_hash":"[redacted]"}`},
		{"a card that is a number", `{"card":4111111111111111,"ctx":{"c":4111111111111111},"n":4111111111111112}`,
			`{"card":"[redacted]","ctx":{"c":"[redacted]"},"n":4111111111111112}`},
		{"letters hidden by escapes", `{"to":"bob\u0040mail.io","ctx":{"to":"x\u0040y.io \"q\""},"quiet":"\u00e9"}`,
			`{"to":"[redacted]","ctx":{"to":"[redacted] \"q\""},"quiet":"\u00e9"}`},
		{"nothing to redact", `{"a":"x","b":{"c":"2026-11-24 10:02:55"},"d":1795514621348}`, `{"a":"x","b":{"c":"2026-11-24 10:02:55"},"d":1795514621348}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(apply(t, tt.in, &enrich.Block{Redact: redactor(t)}), tt.want); diff != "" {
				t.Errorf("document (-got +want):\n%s", diff)
			}
		})
	}
}

func TestWhatAnEarlierBlockSetIsRedacted(t *testing.T) {
	got := apply(t, `{"a":1}`, &enrich.Block{Set: []enrich.Setting{{"to", text("a@b.io")}}}, &enrich.Block{Redact: redactor(t)})
	if want := `{"a":1,"to":"[redacted]"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSettingTheLevelSetsTheSeverity(t *testing.T) {
	b := event.NewBatch(&event.Source{})
	b.AddLine([]byte("x"), 0, 1)
	e := enrich.Block{Set: []enrich.Setting{{"log.level", text("error")}}}
	e.Apply(b, 0, &event.View{Batch: b, Classes: parsertest.Classes})
	if got := b.Row(0).Severity; got != event.Error {
		t.Errorf("got %v, want %v", got, event.Error)
	}
}

func TestAnUnknownPatternIsRefused(t *testing.T) {
	if _, err := enrich.NewRedactor(nil, []string{"emial"}); err == nil {
		t.Error("got no error")
	}
}

// FuzzApply checks that documents stay sound, and that nothing is left that
// the redactor itself would redact.
func FuzzApply(f *testing.F) {
	for _, s := range []string{`{"a":{"b":1,"password":"x"},"to":"a@b.io"}`, `a@b.io 4111 1111 1111 1111 Bearer abcdefghi password=x`, `{"x.y":1,"x":{"z":"\u0040"}}`} {
		f.Add(s)
	}
	p := parser(f)
	red := redactor(f, "a.b", "x")
	f.Fuzz(func(t *testing.T, line string) {
		b := parsertest.Batch(line)
		p.Parse(b, 1)
		view := &event.View{Batch: b, Index: 1, Classes: parsertest.Classes}
		e := enrich.Block{
			Rename: []enrich.Rename{{"a.c", "c.a"}, {"b", "a.b"}, {"message", "m.x"}},
			Set:    []enrich.Setting{{"x.y", text("1")}, {"d", text("2")}},
			Remove: []string{"e.f", "g"},
			Redact: red,
		}
		e.Apply(b, 1, view)
		if err := parsertest.Check(b, 1); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		once := string(b.AppendDocument(nil, 1, parsertest.Classes))
		again := enrich.Block{Redact: red}
		again.Apply(b, 1, view)
		if twice := string(b.AppendDocument(nil, 1, parsertest.Classes)); twice != once {
			t.Fatalf("%q: redacted again %s, once %s", line, twice, once)
		}
	})
}

const sample = `{"timestamp":"2026-11-24T10:02:55.348231Z","level":"info","logger":"http.access","message":"request completed: GET /api/v1/properties/48213/availability?from=2026-12-01&to=2026-12-08","request_id":"7f3c9a52-0b1e-4c8e-9d5f-2f6f0a1b3c4d","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","user_id":482913,"tenant":"eu-west","http":{"method":"GET","status":200,"bytes":5120,"duration_ms":12.482,"remote":"10.12.7.33"},"cache":"miss","db_queries":7,"db_ms":4.91,"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","pod":"properties-7d9f6c5b8-x2x9q"}`

func sampleRow(t testing.TB) (*event.Batch, *event.View) {
	b := event.NewBatch(&event.Source{})
	b.AddLine([]byte(sample), 0, len(sample))
	parser(t).Parse(b, 0)
	return b, &event.View{Batch: b, Classes: parsertest.Classes}
}

func TestARowWithNothingToRedactAllocatesNothing(t *testing.T) {
	b, view := sampleRow(t)
	e := enrich.Block{Redact: redactor(t, "context.password")}
	if n := testing.AllocsPerRun(100, func() { e.Apply(b, 0, view) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkNothingToRedact(b *testing.B) {
	batch, view := sampleRow(b)
	for _, names := range [][]string{{"email"}, {"card"}, {"bearer"}, {"password"}, enrich.Patterns()} {
		b.Run(strings.Join(names, ","), func(b *testing.B) {
			r, err := enrich.NewRedactor(nil, names)
			if err != nil {
				b.Fatal(err)
			}
			e := enrich.Block{Redact: r}
			b.SetBytes(int64(len(sample)))
			b.ReportAllocs()
			for b.Loop() {
				e.Apply(batch, 0, view)
			}
		})
	}
}
