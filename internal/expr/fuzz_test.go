package expr

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/renthub/sluice/event"
)

// FuzzCompile holds that no expression panics, neither when it is compiled nor
// when it is computed, and that what is compiled is the same each time.
func FuzzCompile(f *testing.F) {
	for _, src := range typical {
		f.Add(src)
	}
	for _, src := range []string{
		`"rh_${retention.class}"`, `[for x in tags : x]`, `a.b["c"][local.key].d`, `tags[*].a`, `-1 % 0`, `1/0`, `!null`, `labels.a.b/c`, `split("", message)`,
		`substr(message, -1, 1e9)`, `replace(message, "", "x")`, `format_time("2006", timestamp)`, `"%{ for x in local.noisy }${x}%{ endfor }"`, `join(",", [message, 5, null])`,
		`min(null, "007", duration)`, `local.later == message`, `{ a = message }`, `contains([[1]], tags)`, `coalesce()`, `event["a"]`, `a...`, `f(a...)`,
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e, diags := hclsyntax.ParseExpression([]byte(src), "fuzz.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			return
		}
		cond, canon, diags := CompileCanonical(e, testScope())
		again, canonAgain, _ := CompileCanonical(e, testScope())
		for _, r := range []event.Record{booking, record{}, benchRow} {
			got, gotAgain := cond(r), again(r)
			if got != gotAgain || canon != canonAgain {
				t.Errorf("%s: got %v and %v, %s and %s", src, got, gotAgain, canon, canonAgain)
			}
		}
		for _, d := range diags {
			if d.Subject == nil || d.Summary == "" {
				t.Errorf("%s: a diagnostic without place or summary: %v", src, d)
			}
		}
		if tmpl, diags := CompileTemplate(e, testScope()); !diags.HasErrors() {
			tmpl.Render(nil, booking)
		}
		v, diags := CompileValue(e, testScope())
		if diags.HasErrors() {
			return
		}
		for _, r := range []event.Record{booking, record{}} {
			checkValue(t, src, v, r)
		}
	})
}

// checkValue holds a computed value to what a document can carry.
func checkValue(t *testing.T, src string, v *Value, r event.Record) {
	t.Helper()
	got, kind := v.Append(nil, r)
	switch kind {
	case event.Number, event.JSON, event.Bool:
		if !json.Valid(got) {
			t.Errorf("%s: got %q, no JSON of kind %d", src, got, kind)
		}
	case event.Missing:
		if len(got) > 0 {
			t.Errorf("%s: got %q and no kind", src, got)
		}
	}
}

// FuzzUnescape holds that what a JSON string stands for is what encoding/json
// says.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{`plain`, `a\n\"b\"`, `\u00e9\ud83d\ude00\ud83d`, `\\\/`, `\u0000`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := appendUnescaped(nil, []byte(in)) // no panic, whatever it is
		var want string
		if json.Unmarshal([]byte(`"`+in+`"`), &want) != nil || !json.Valid([]byte(`"`+in+`"`)) {
			return
		}
		if string(got) != want && !bytes.ContainsRune([]byte(want), '\uFFFD') {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	})
}

// FuzzReadNumber holds that what reads as a number is one for JSON too, but for
// zeros in front.
func FuzzReadNumber(f *testing.F) {
	for _, s := range []string{"0", "-1", "1.5", "1e9", "9007199254740993", "-9223372036854775808", "007", "1.", ".5", "1e", "1e999", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, ok := readNumber([]byte(in))
		var want json.Number
		valid := json.Unmarshal([]byte(in), &want) == nil && string(want) == in
		if valid && !ok && len(in) <= 64 {
			if _, err := want.Float64(); err == nil && !bytes.ContainsAny([]byte(in), "eE") {
				t.Errorf("%q: got no number", in)
			}
		}
		if ok && n.whole && valid {
			if i, err := want.Int64(); err == nil && i != n.i {
				t.Errorf("%q: got %d, want %d", in, n.i, i)
			}
		}
	})
}
