package console

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is 2026-11-24 12:00:00 UTC in milliseconds.
const noon = 1795521600000

func doc(severity event.Severity, source uint64, json string) event.Doc {
	return event.Doc{JSON: []byte(json), Time: noon + 55_123, Severity: severity, ID: event.ID{Source: source}}
}

// scenes are documents as they come from the pipeline, one golden file each.
var scenes = []struct {
	name string
	o    Options
	docs []event.Doc
}{
	{"one_source", Options{}, []event.Doc{
		doc(event.Error, 1, `{"message":"try 1","log.level":"error"}`),
		doc(event.Info, 1, `{"message":"started","@timestamp":"2026-11-24T12:00:55.123Z","host":{"name":"web-1"},"host.name":"web-1","log.file.path":"/var/log/a.log","labels.retention":"standard","port":8080,"tls":true}`),
		doc(event.Unknown, 1, `{"message":"a plain line"}`),
		doc(event.Unknown, 1, `{"log.level":"wibble","message":"a level of its own"}`),
		doc(event.Warn, 1, `{"message":"slow query","context":{"userId":7,"sql":"select * from t","took":1.5},"tags":[ "a", {"b" : 2} ],"deep":{"er":{"x":null}}}`),
		doc(event.Info, 1, `{"http":{"request":{"method":"GET"}},"url.path":"/healthz"}`),
		{JSON: []byte(`{"message":"no time"}`)},
	}},
	{"three_sources_in_colour", Options{Colour: true, Terminal: true}, []event.Doc{
		doc(event.Info, 1, `{"message":"alone so far","service.name":"bookings"}`),
		doc(event.Debug, 2, `{"message":"by its file","log":{"file":{"path":"/var/log/nginx/access.log"}},"n":1}`),
		doc(event.Fatal, 3, `{"message":"to its stream","log.iostream":"stderr"}`),
		doc(event.Notice, 4, `{"message":"of nobody"}`),
		doc(event.Critical, 5, `{"message":"a long name","service":{"name":"the-service-with-the-longest-name"}}`),
		doc(event.Info, 1, `{"message":"\u001b[32mgreen\u001b[0m of its own","service.name":"bookings"}`),
	}},
	{"stack_traces", Options{Colour: false}, []event.Doc{
		doc(event.Error, 1, `{"message":"Payment gateway said \"declined\" for booking #42","context":{"userId":7},"error":{"type":"RuntimeException","message":"declined","stack_trace":"#0 /app/PaymentService.php(4): charge()\n#1 /app/Http/Kernel.php(9): run()\n#2 /app/public/index.php(3): handle()\n#3 /app/x.php(1): y()\n#4 {main}"}}`),
		doc(event.Error, 1, `{"message":"boom","error.stack_trace":"java.lang.IllegalStateException: boom\n\tat com.example.A.b(A.java:1)\n\tat com.example.C.d(C.java:2)\n"}`),
		doc(event.Error, 1, `{"message":"boom","error.stack_trace":"goroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d\n"}`),
		doc(event.Error, 1, `{"message":"no trace","error.message":"connection refused","error.type":"ConnectException","port":1}`),
		doc(event.Error, 1, `{"message":"same words","error.message":"same words"}`),
		doc(event.Error, 1, `{"message":"Traceback (most recent call last):\n  File \"a.py\", line 1\nValueError: no\n"}`),
		doc(event.Info, 1, `{"message":"`+strings.Repeat(`line\n`, 30)+`"}`),
	}},
	{"fields_that_were_asked_for", Options{Fields: []string{"host.name", "http"}}, []event.Doc{
		doc(event.Info, 1, `{"message":"hello","host":{"name":"web-1","ip":"10.0.0.1"},"http":{"status":200,"method":"GET"},"other":1}`),
		doc(event.Info, 1, `{"message":"hello","host.name":"web-1","http.status":200,"httpx":1}`),
	}},
	{"hostile_bytes", Options{Colour: true, Terminal: true}, []event.Doc{
		doc(event.Info, 1, `{"message":"clipboard \u001b]52;c;aGk=\u0007 title \u001b]0;x\u001b\\ up \u001b[2A clear \u001b[2J"}`),
		doc(event.Info, 1, `{"message":"forged\r12:00:56 INFO  all is well\n12:00:57 INFO  really"}`),
		doc(event.Info, 1, "{\"message\":\"C1 \u009b2J and \u0085 bidi \u202e olleh \u2066x\u2069 ls \u2028 bad \xff\xc3( del \x7f\"}"),
		doc(event.Info, 1, `{"key\u001b[2J":"value\u001b[2J\u001b[31m","k":"a b","q":"say \"x\"","e":"","eq":"a=b"}`),
		doc(event.Info, 1, `{"message":"conceals \u001b[8mnothing for long","service.name":"a\u001b[31mb\u202e"}`),
		doc(event.Info, 1, `{"message":"sgr that is none \u001b[31;1Hx \u001b[`+strings.Repeat("1", 80)+`m"}`),
		doc(event.Error, 1, `{"message":"x","error.stack_trace":"E: \u001b[2J\n#0 a\u001b]0;t\u0007\n"}`),
		doc(event.Info, 1, `{"big":"`+strings.Repeat("é", 300)+`"}`),
	}},
	{"hostile_bytes_in_json_on_a_terminal", Options{JSON: true, Terminal: true}, []event.Doc{
		doc(event.Info, 1, "{\"message\":\"C1 \u009b2J bidi \u202e bad \xff del \x7f\",\n\t\"a\":1}"),
	}},
	{"colours_of_the_line_are_stripped_elsewhere", Options{}, []event.Doc{
		doc(event.Info, 1, `{"message":"\u001b[1;32mgreen\u001b[0m \u001b[38;2;1;2;3mrgb\u001b[m","f":"\u001b[31mred"}`),
	}},
}

func TestPrinterShows(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			s.o.Location = time.UTC
			p := NewPrinter(io.Discard, s.o)
			var got []byte
			for i := range s.docs {
				got = p.Append(got, &s.docs[i])
			}
			golden(t, s.name+".golden", got)
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(string(want), "\n")); diff != "" {
		t.Errorf("%s (-got +want):\n%s", name, diff)
	}
}

func TestJSONIsOneLineForEachDocument(t *testing.T) {
	d := doc(event.Info, 1, "{\"a\":\n1,\r\n\"b\":\"x\\ny\"}")
	got := string(NewPrinter(io.Discard, Options{JSON: true}).Append(nil, &d))
	want := "{\"a\": 1,\r \"b\":\"x\\ny\"}\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJSONOnATerminalIsTheSameDocument(t *testing.T) {
	text := "{\"message\":\"a \u009b b \u202e c \x7f\"}"
	d := doc(event.Info, 1, text)
	shown := NewPrinter(io.Discard, Options{JSON: true, Terminal: true}).Append(nil, &d)
	var got, want any
	if err := json.Unmarshal(shown, &got); err != nil {
		t.Fatalf("read %q: %v", shown, err)
	}
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("document (-got +want):\n%s", diff)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	for _, o := range []Options{{JSON: true}, {JSON: true, Terminal: true}, {Colour: true, Terminal: true}} {
		p := NewPrinter(io.Discard, o)
		d := doc(event.Error, 1, string(scenes[2].docs[0].JSON))
		buf := p.Append(make([]byte, 0, 4096), &d)
		got := testing.AllocsPerRun(100, func() { buf = p.Append(buf[:0], &d) })
		if got != 0 {
			t.Errorf("%+v: %v allocations a document, want 0", o, got)
		}
	}
}

func FuzzPrinter(f *testing.F) {
	for _, s := range scenes {
		for _, d := range s.docs {
			f.Add(d.JSON)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, o := range []Options{{}, {JSON: true, Terminal: true}, {Terminal: true, Colour: true, Frames: -1}} {
			d := event.Doc{JSON: text}
			got := NewPrinter(io.Discard, o).Append(nil, &d)
			if !bytes.HasSuffix(got, []byte("\n")) {
				t.Fatalf("%q: no line end", got)
			}
			if bad := firstObeyed(got); bad != "" {
				t.Fatalf("%q has %s", got, bad)
			}
		}
	})
}
