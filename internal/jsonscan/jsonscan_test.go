package jsonscan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjectFindsTheMembersOfOneObject(t *testing.T) {
	type member struct {
		Key, Val   string
		KeyM, ValM Marks
	}
	tests := []struct {
		name string
		in   string
		want []member
		err  Error
	}{
		{"an empty object", ` { } `, nil, NoError},
		{"members in order, twice the same key", `{"a":1,"b":"x","a":null}`, []member{{"a", "1", 0, 0}, {"b", `"x"`, 0, 0}, {"a", "null", 0, 0}}, NoError},
		{"white space around the colon is marked", `{"a" :1, "b": 2,"c":3}`, []member{{"a", "1", 0, Spaced}, {"b", "2", 0, Spaced}, {"c", "3", 0, 0}}, NoError},
		{"a line end inside a value is marked", "{\"a\":[1,\n2]}", []member{{"a", "[1,\n2]", 0, Spaced | Lines}}, NoError},
		{"escapes and bytes above ASCII are marked where they are", `{"k\n":"é","é":"\u00e9","z":"plain text of some length"}`,
			[]member{{`k\n`, `"é"`, Escaped, NonASCII}, {"é", `"\u00e9"`, NonASCII, Escaped}, {"z", `"plain text of some length"`, 0, 0}}, NoError},
		{"a nested key that occurs twice is doubtful", `{"a":{"x":1,"x":2},"b":{"x":1}}`, []member{{"a", `{"x":1,"x":2}`, 0, Doubtful}, {"b", `{"x":1}`, 0, 0}}, NoError},
		{"a nested key with a dot is doubtful", `{"a":[{"x.y":1}]}`, []member{{"a", `[{"x.y":1}]`, 0, Doubtful}}, NoError},
		{"an empty nested key is doubtful", `{"a":{"":1}}`, []member{{"a", `{"":1}`, 0, Doubtful}}, NoError},
		{"a nested key of spaces is doubtful", `{"a":{"  ":1}}`, []member{{"a", `{"  ":1}`, 0, Doubtful}}, NoError},
		{"an array is no object", `[1]`, nil, NotJSON},
		{"text behind the object", `{"a":1} x`, nil, NotJSON},
		{"two objects", `{"a":1}{"a":1}`, nil, NotJSON},
		{"a trailing comma", `{"a":1,}`, nil, NotJSON},
		{"a number with a leading zero", `{"a":01}`, nil, NotJSON},
		{"half a string", `{"a":"b`, nil, NotJSON},
		{"a raw control character in a string", "{\"a\":\"\x01\"}", nil, NotJSON},
		{"nothing", ``, nil, NotJSON},
		{"64 levels", strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64), []member{{"a", strings.Repeat(`{"a":`, 63) + "1" + strings.Repeat("}", 63), 0, 0}}, NoError},
		{"65 levels", strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), nil, TooDeep},
		{"a million brackets", `{"a":` + strings.Repeat("[", 1e6), nil, TooDeep},
		{"1,001 members", `{` + strings.Repeat(`"x":1,`, 1000) + `"x":1}`, nil, TooManyFields},
		{"1,001 members, nested ones counted", `{"a":{` + strings.Repeat(`"x":1,`, 999) + `"x":1}}`, nil, TooManyFields},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields, closeAt, err := Object(nil, []byte(tt.in))
			if err != tt.err {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			var got []member
			for _, f := range fields {
				got = append(got, member{tt.in[f.Key:f.KeyEnd], tt.in[f.Val:f.ValEnd], f.KeyMarks, f.Marks})
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("fields (-got +want):\n%s", diff)
			}
			if err == NoError && tt.in[closeAt] != '}' {
				t.Errorf("closeAt points at %q", tt.in[closeAt])
			}
		})
	}
}

func TestGetFindsNestedAndDottedKeys(t *testing.T) {
	doc := []byte(`{"a":{"b":{"x":1},"b.c":2,"k\u0065y":3},"a.b":{"c":4,"d":5},"log.level":"info","e":{"":6},"é":{"ü":7}}`)
	tests := []struct{ path, want string }{
		{"log.level", `"info"`},
		{"a.b.x", "1"},
		{"a.b.c", "4"},
		{"a.b.d", "5"},
		{"a.key", "3"},
		{"a.b", `{"c":4,"d":5}`},
		{"e.", "6"},
		{"é.ü", "7"},
		{"a.b.nope", ""},
		{"log", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, ok := Get(doc, tt.path)
		if string(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("Get(%q): got %q, %v, want %q", tt.path, got, ok, tt.want)
		}
	}
}

func TestARewriterTellsTheKeysOfOneObjectFromOthers(t *testing.T) {
	in := ` {"a" : [1, {"b":"x: {","c":{}}, {"b":[ ]}], "d":{"e":{"f":"\""}}, "g":null} `
	r := Rewriter{Key: func(dst, key []byte, object int) []byte { return append(append(dst, key...), byte('0'+object)) }}
	got := string(r.Append(nil, []byte(in)))
	want := `{"a1":[1,{"b2":"x: {","c2":{}},{"b4":[]}],"d1":{"e5":{"f6":"\""}},"g1":null}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARewriterKnowsTheKeyOfEachScalar(t *testing.T) {
	in := `{"a":[1,{"b":true},"x",[null]],"c":-2.5e3,"d":{}}`
	r := Rewriter{Scalar: func(dst, key, scalar []byte) []byte { return append(append(append(dst, key...), '='), scalar...) }}
	if got, want := string(r.Append(nil, []byte(in))), `{"a":[a=1,{"b":b=true},a="x",[a=null]],"c":c=-2.5e3,"d":{}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(r.Append(nil, []byte(` 7 `))), `=7`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNothingAllocates(t *testing.T) {
	line := []byte(sample)
	fields := make([]Field, 0, 64)
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		fields, _, _ = Object(fields[:0], line)
		Get(line, "http.request.id")
		Get(line, "k\u00e9y.none")
		dst = AppendString(dst[:0], line)
		dst = AppendUnquoted(dst[:0], line)
		dst = AppendCompact(dst[:0], line)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func FuzzValidAgreesWithEncodingJSON(f *testing.F) {
	seeds := []string{sample, `{}`, `[1,-0.5e+3,true,false,null,"\ud83d\ude00"]`, `{"a":"\x"}`, `"` + strings.Repeat("x", 20), `-`, `01`, `1.`, "{\"a\":\"\x1f\"}"}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want := json.Valid(b)
		got := Valid(b)
		_, _, err := Object(nil, b)
		if got != want && !(want && beyondLimits(b)) {
			t.Fatalf("Valid(%q): got %v, want %v", b, got, want)
		}
		trimmed := bytes.TrimLeft(b, " \t\r\n")
		isObject := want && trimmed[0] == '{'
		if (err == NoError) != isObject && !(isObject && (err == TooDeep || err == TooManyFields)) {
			t.Fatalf("Object(%q): got %v, want an object: %v", b, err, isObject)
		}
		if got {
			compact := AppendCompact(nil, b)
			var ref bytes.Buffer
			if err := json.Compact(&ref, b); err != nil || !bytes.Equal(compact, ref.Bytes()) {
				t.Fatalf("AppendCompact(%q): got %q, want %q", b, compact, ref.Bytes())
			}
		}
	})
}

// beyondLimits says whether b may be refused though it is valid.
func beyondLimits(b []byte) bool {
	return bytes.Count(b, []byte("{"))+bytes.Count(b, []byte("[")) > MaxDepth || bytes.Count(b, []byte(":")) > MaxFields
}

func FuzzGetAgreesWithAMapWalk(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1},"a.b":2}`), "a.b")
	f.Add([]byte(`{"a":{"b.c":1},"a.b":{"d":3}}`), "a.b.c")
	f.Add([]byte(`{"\u0061":{"":[1]}}`), "a.")
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		var m map[string]any
		fields, _, err := Object(nil, b)
		if err != NoError || json.Unmarshal(b, &m) != nil {
			Get(b, path) // must not panic
			return
		}
		for _, f := range fields { // of equal keys the map has the last, Get the first
			if f.Marks&Doubtful != 0 && bytes.Count(b, []byte(`"`)) > 2*len(fields) && hasTwins(b) {
				return
			}
		}
		if len(fields) != len(m) || hasTwins(b) {
			return
		}
		got, ok := Get(b, path)
		want, found := walk(m, path)
		if ok != found {
			t.Fatalf("Get(%q, %q): got %v, want %v", b, path, ok, found)
		}
		if !ok {
			return
		}
		var value any
		if err := json.Unmarshal(got, &value); err != nil {
			t.Fatalf("Get(%q, %q) is %q: %v", b, path, got, err)
		}
		if diff := cmp.Diff(value, want); diff != "" {
			t.Fatalf("Get(%q, %q) (-got +want):\n%s", b, path, diff)
		}
	})
}

// hasTwins says whether an object of b has a key twice.
func hasTwins(b []byte) bool {
	twins := false
	var look func(v []byte)
	look = func(v []byte) {
		seen := map[string]bool{}
		Each(v, func(k, inner []byte) bool {
			text := strings.ToValidUTF8(string(AppendUnquoted(nil, k)), "\uFFFD")
			twins = twins || seen[text]
			seen[text] = true
			look(inner)
			return true
		})
	}
	look(b)
	return twins || !bytes.Equal(b, bytes.ToValidUTF8(b, []byte("?")))
}

func walk(m map[string]any, path string) (any, bool) {
	if v, ok := m[path]; ok {
		return v, true
	}
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != '.' {
			continue
		}
		if inner, ok := m[path[:i]].(map[string]any); ok {
			if v, ok := walk(inner, path[i+1:]); ok {
				return v, true
			}
		}
	}
	return nil, false
}

func FuzzStringsComeBack(f *testing.F) {
	f.Add([]byte("plain text, longer than eight bytes"))
	f.Add([]byte("q\"\\\n\r\t\x00\x7f é 😀 \xff\xc3"))
	f.Fuzz(func(t *testing.T, text []byte) {
		quoted := AppendString(nil, text)
		var s string
		if err := json.Unmarshal(quoted, &s); err != nil {
			t.Fatalf("AppendString(%q) is %q: %v", text, quoted, err)
		}
		back := AppendUnquoted(nil, quoted[1:len(quoted)-1])
		if !bytes.Equal(back, []byte(s)) {
			t.Fatalf("AppendUnquoted(%q): got %q, want %q", quoted, back, s)
		}
		if want := []byte(string([]rune(string(text)))); !bytes.Equal(back, want) { // one U+FFFD for each bad byte
			t.Fatalf("got %q, want %q", back, want)
		}
		if json.Valid(text) && len(text) > 1 && text[0] == '"' { // any valid string is understood as encoding/json does
			_ = json.Unmarshal(text, &s)
			if got := string(AppendUnquoted(nil, text[1:bytes.LastIndexByte(text, '"')])); strings.ToValidUTF8(got, "\uFFFD") != strings.ToValidUTF8(s, "\uFFFD") && bytes.Equal(text, bytes.ToValidUTF8(text, nil)) {
				t.Fatalf("AppendUnquoted(%q): got %q, want %q", text, got, s)
			}
		}
	})
}
