package console

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs"
)

// writes remembers each write.
type writes struct{ list []string }

func (w *writes) Write(p []byte) (int, error) { w.list = append(w.list, string(p)); return len(p), nil }
func (w *writes) Close() error                { return nil }

func request(docs ...event.Doc) *outputs.Request {
	r := &outputs.Request{Count: len(docs), Docs: docs}
	for i := range docs {
		r.Size += len(docs[i].JSON)
	}
	return r
}

func TestARequestIsOneWrite(t *testing.T) {
	w := &writes{}
	o := newOutput(w, Options{JSON: true})
	for range 2 {
		if err := o.Send(t.Context(), request(doc(9, 1, `{"a":1}`), doc(9, 1, `{"a":2}`))); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	both := "{\"a\":1}\n{\"a\":2}\n"
	if diff := cmp.Diff(w.list, []string{both, both}); diff != "" {
		t.Errorf("writes (-got +want):\n%s", diff)
	}
}

func TestAReaderThatHasGoneIsErrClosed(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	o := newOutput(w, Options{JSON: true})
	if err := o.Send(t.Context(), request(doc(9, 1, `{}`))); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherFailureIsNotErrClosed(t *testing.T) {
	if err := writeError(errors.New("no space")); err == nil || errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want another error", err)
	}
}

func TestAPausedTerminalHoldsOneRequest(t *testing.T) {
	r, w := io.Pipe() // nobody reads: every write waits
	o := newOutput(w, Options{JSON: true})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- o.Send(ctx, request(doc(9, 1, `{"a":1}`))) }()
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil { // the write has begun
		t.Fatal(err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of ctx", err)
	}

	ended, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := o.Send(ended, request(doc(9, 1, `{"a":2}`))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v for a second request, want that it waits for the first", err)
	}
	if got, want := string(o.buf), "{\"a\":1}\n"; got != want {
		t.Errorf("holds %q, want %q: it belongs to the write", got, want)
	}

	go func() { _, _ = io.Copy(io.Discard, r) }()
	if err := o.Send(t.Context(), request(doc(9, 1, `{"a":3}`))); err != nil {
		t.Errorf("after the terminal goes on: %v", err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAHugeDocumentIsNotKept(t *testing.T) {
	o := newOutput(&writes{}, Options{JSON: true})
	huge := doc(9, 1, `{"a":"`+strings.Repeat("x", 2*maxKept)+`"}`)
	for _, d := range []event.Doc{huge, doc(9, 1, `{}`)} {
		if err := o.Send(t.Context(), request(d)); err != nil {
			t.Fatal(err)
		}
	}
	if cap(o.buf) > maxKept {
		t.Errorf("keeps %d bytes, want at most %d", cap(o.buf), maxKept)
	}
}

func TestStandardOutputOutlivesItsReader(t *testing.T) {
	w, err := standardOutput()
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := w.(*os.File); ok && f.Fd() <= 2 {
		t.Errorf("descriptor %d: the runtime ends the process when its reader has gone", f.Fd())
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestConfigProblemsHaveTheirPlace(t *testing.T) {
	var got []string
	for _, p := range (Config{Format: "xml", Color: "blue"}).Validate() {
		got = append(got, p.Attr)
	}
	if diff := cmp.Diff(got, []string{"format", "color"}); diff != "" {
		t.Errorf("attributes (-got +want):\n%s", diff)
	}
	if got := (Config{Format: "auto", Color: "auto"}).Validate(); got != nil {
		t.Errorf("the defaults have problems: %v", got)
	}
}

func TestOptionsOfAPipeAreJSONWithoutColour(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	none := func(string) string { return "" }
	for _, c := range []struct {
		config       Config
		json, colour bool
	}{
		{Config{Format: "auto", Color: "auto"}, true, false},
		{Config{Format: "pretty", Color: "auto"}, false, false},
		{Config{Format: "pretty", Color: "always"}, false, true},
	} {
		o := c.config.Options(w, none)
		if o.JSON != c.json || o.Colour != c.colour || o.Terminal {
			t.Errorf("%+v: got json %t, colour %t, terminal %t", c.config, o.JSON, o.Colour, o.Terminal)
		}
	}
}
