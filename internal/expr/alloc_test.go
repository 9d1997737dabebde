package expr

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/event"
)

// typical are conditions as configs have them.
var typical = []string{
	`service.name == "auth" && starts_with(message, "login")`,
	`service.name != "auth" || http.response.status_code >= 500`,
	`!level_at_least("info")`,
	`contains(local.noisy, url.path)`,
	`contains(["500", "503"], http.response.status_code)`,
	`match(message, "^login of")`,
	`contains(message, "nobody")`,
	`retention.class == "audit"`,
	`labels["app.kubernetes.io/name"] == "web" && duration > 12.5`,
	`lower(service.name) == "auth" && length(message) > 5`,
	`contains(tags, "vip") || contains(split("/", url.path), "x")`,
	`message == "login of \"ann\" café"`,
	`number(duration) * 2 > 24 && missing != "x"`,
	`service.name == "login"`,
	`service.name > 5`,
	`cached && !fresh`,
}

func TestConditionsDoNotAllocate(t *testing.T) {
	if underRace {
		t.Skip("the race detector empties pools")
	}
	for _, src := range typical {
		cond, diags := CompileCondition(parse(t, src), testScope())
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		cond(booking)                                                             // fills the pool
		if got := testing.AllocsPerRun(200, func() { cond(booking) }); got >= 1 { // the pool may be emptied in between
			t.Errorf("%s: got %v allocations, want 0", src, got)
		}
	}
}

func TestTemplatesAndValuesDoNotAllocate(t *testing.T) {
	if underRace {
		t.Skip("the race detector empties pools")
	}
	tmpl, _ := CompileTemplate(parse(t, `"logs-${coalesce(service.name, "generic")}-${retention.class}-${lower(message)}"`), testScope())
	v, _ := CompileValue(parse(t, `"${service.name}-${message}"`), testScope())
	dst := make([]byte, 0, 1024)
	confine := func(dst, value []byte) []byte { return Confine(dst, value, func(c byte) bool { return c >= 'a' }, 100) }
	if got := testing.AllocsPerRun(200, func() {
		dst = tmpl.Render(dst[:0], booking)
		dst = tmpl.RenderParts(dst[:0], booking, confine)
		dst, _ = v.Append(dst[:0], booking)
	}); got >= 1 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// row is a record as the pipeline has it: fields in a row, compared by key.
type row []struct {
	key string
	val event.Value
}

func (r row) Lookup(path string) event.Value {
	for i := range r {
		if r[i].key == path {
			return r[i].val
		}
	}
	return event.Value{}
}

var benchRow event.Record = row{
	{"@timestamp", val(event.String, "2026-11-24T13:40:00.5Z")}, {"message", val(event.JSONString, "login of ann from 10.0.0.1")},
	{"log.level", val(event.String, "info")}, {"service.name", val(event.JSONString, "auth")}, {"http.response.status_code", val(event.Number, "503")},
	{"url.path", val(event.JSONString, "/api/bookings/17")},
}

const benchCondition = `service.name == "auth" && starts_with(message, "login") && (http.response.status_code >= 500 || contains(local.noisy, url.path))`

func BenchmarkCondition(b *testing.B) {
	cond, _ := CompileCondition(parse(b, benchCondition), testScope())
	b.ReportAllocs()
	for b.Loop() {
		if !cond(benchRow) {
			b.Fatal("does not hold")
		}
	}
}

// BenchmarkConditionByCty is what evaluating HCL for each event would cost.
func BenchmarkConditionByCty(b *testing.B) {
	e, s := parse(b, benchCondition), testScope()
	ctx := s.Context()
	b.ReportAllocs()
	for b.Loop() {
		ctx := &hcl.EvalContext{Functions: ctx.Functions, Variables: map[string]cty.Value{
			"local":   s.Vars["local"],
			"service": cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("auth")}),
			"message": cty.StringVal("login of ann from 10.0.0.1"),
			"url":     cty.ObjectVal(map[string]cty.Value{"path": cty.StringVal("/api/bookings/17")}),
			"http":    cty.ObjectVal(map[string]cty.Value{"response": cty.ObjectVal(map[string]cty.Value{"status_code": cty.NumberIntVal(503)})}),
		}}
		if v, diags := e.Value(ctx); diags.HasErrors() || v.False() {
			b.Fatal(diags, v)
		}
	}
}

func BenchmarkTemplate(b *testing.B) {
	tmpl, _ := CompileTemplate(parse(b, `"logs-${coalesce(service.name, "generic")}-${log.level}"`), testScope())
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = tmpl.Render(dst[:0], benchRow)
	}
}

func BenchmarkConditionShapes(b *testing.B) {
	for _, src := range typical {
		cond, _ := CompileCondition(parse(b, src), testScope())
		b.Run(src, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cond(benchRow)
			}
		})
	}
}
