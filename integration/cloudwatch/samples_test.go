//go:build integration

package cloudwatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
)

// sample is a document, and what of it is to be found at the service.
type sample struct {
	doc   event.Doc
	text  string // repaired
	large bool   // longer than an event can be
}

const largest = 1000000 // the default of max_event_size

// makeSamples makes documents of ten hours, of several services and classes,
// with an odd one among every few.
func makeSamples(n int) []sample {
	start := time.Now().Add(-30 * time.Hour)
	list := make([]sample, n)
	for i := range list {
		at := start.Add(time.Duration(i) * 30 * time.Hour / time.Duration(n))
		class := []string{"audit", "debug", "standard"}[i%3]
		var b bytes.Buffer
		fmt.Fprintf(&b, `{"@timestamp":%q,`, at.UTC().Format("2006-01-02T15:04:05.000Z"))
		b.WriteString(oddity(i))
		fmt.Fprintf(&b, `,"id":"doc-%d","service.name":"svc-%d","host.name":"node-1","labels.retention":%q}`, i, i%2, class)
		s := sample{doc: event.Doc{
			JSON: b.Bytes(), ID: event.ID{Source: 7, Pos: int64(i) * 1000, Size: 1000}, Time: at.UnixMilli(), Retention: class,
		}}
		s.text = repaired(b.Bytes())
		s.large = len(s.text) > largest
		list[i] = s
	}
	return list
}

// repaired is text with U+FFFD for each byte that is not UTF-8.
func repaired(text []byte) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		b.WriteRune(r)
		text = text[n:]
	}
	return b.String()
}

// oddity is the message of document i and what else it has.
func oddity(i int) string {
	quoted := func(text string) string {
		b, err := json.Marshal(text)
		if err != nil {
			panic(err) // a string always can be
		}
		return string(b)
	}
	switch i % 97 {
	case 3:
		return `"message":""`
	case 5:
		return `"message":` + quoted(strings.Repeat(`"quoted" \ and more`, 20))
	case 7:
		return `"message":` + quoted("control \x00\x01\x02\x1b[31m\r\n\t\x7f\u0085\u2028")
	case 11:
		return "\"message\":\"not UTF-8: \xff\xfe\xc3(\xed\xa0\x80 \xf0\x28\x8c\xbc\""
	case 13:
		return `"message":"deep","deep":` + strings.Repeat(`{"a":[`, 30) + "1" + strings.Repeat("]}", 30)
	case 17:
		var b strings.Builder
		b.WriteString(`"message":"many keys"`)
		for k := range 2000 {
			fmt.Fprintf(&b, `,"key_%d":%d`, k, k)
		}
		return b.String()
	case 19:
		return `"message":` + quoted("日本語 \U0001f600 é \ufffd")
	case 23:
		return `"message":"spaced" , "list" : [ 1 , 2.50e+10 , null , true ]`
	}
	switch i % 2003 { // 1 MB ones are rarer
	case 41:
		return `"message":"` + strings.Repeat("x", largest-400) + `"`
	case 43:
		return `"message":` + quoted(strings.Repeat("large \"ones\" ", 120000))
	case 47:
		return `"message":"small","blob":"` + strings.Repeat("y", 2500000) + `"`
	}
	return fmt.Sprintf(`"message":"request %d took %d ms","log.level":"info","url.path":"/api/v1/bookings/%d"`, i, i%3000, i*7)
}

func docsOf(list []sample) []event.Doc {
	docs := make([]event.Doc, len(list))
	for i := range list {
		docs[i] = list[i].doc
	}
	return docs
}

// compare compares what is stored with the samples, id by id.
func compare(t *testing.T, stored []string, samples []sample, rule string) {
	t.Helper()
	found := map[string][]string{}
	for _, text := range stored {
		id := idOf(text)
		found[id] = append(found[id], text)
	}
	wrong, large := 0, 0
	for _, s := range samples {
		id := idOf(s.text)
		got := found[id]
		ok := len(got) == 1 && got[0] == s.text
		if s.large {
			large++
			ok = fitsRule(s, found, rule)
		}
		if !ok {
			if wrong++; wrong < 5 {
				t.Errorf("%s (%d bytes): %d times, got %.300q, want %.300q", id, len(s.text), len(got), strings.Join(got, "\n"), s.text)
			}
		}
	}
	whole := 0 // events that are no part of a document
	for id, texts := range found {
		if !strings.HasPrefix(id, "part of ") {
			whole += len(texts)
		}
	}
	want := len(samples)
	if rule == "split" {
		want -= large
	}
	if wrong > 0 || whole != want {
		t.Errorf("%d of %d documents are not as they were; %d whole events stored, want %d", wrong, len(samples), whole, want)
	}
	t.Logf("compared %d documents, %d of them too large for an event", len(samples), large)
}

// idOf is the id of a document or of a part of one.
func idOf(text string) string {
	if rest, ok := strings.CutPrefix(text, "[sluice "); ok {
		_, rest, _ = strings.Cut(rest, " ")
		id, _, _ := strings.Cut(rest, "]")
		return "part of " + id
	}
	at := strings.LastIndex(text, `"id":"doc-`)
	if at < 0 {
		if at = strings.Index(text, "[cut by sluice"); at >= 0 {
			var stamp string
			_, after, _ := strings.Cut(text, `"@timestamp":"`)
			stamp, _, _ = strings.Cut(after, `"`)
			return "cut at " + stamp
		}
		return "none"
	}
	id, _, _ := strings.Cut(text[at+6:], `"`)
	return id
}

// fitsRule reports whether a large document arrived as the rule says.
func fitsRule(s sample, found map[string][]string, rule string) bool {
	if rule == "split" {
		parts := found[fmt.Sprintf("part of %016x-%d-%d.0", s.doc.ID.Source, s.doc.ID.Pos, s.doc.ID.Size)]
		sort.SliceStable(parts, func(i, k int) bool { return parts[i] < parts[k] })
		var joined strings.Builder
		for _, part := range parts {
			if len(part) > largest {
				return false
			}
			_, text, _ := strings.Cut(part, "] ")
			joined.WriteString(text)
		}
		return joined.String() == s.text
	}
	mark := fmt.Sprintf("... [cut by sluice: %d bytes]", len(s.text))
	got := found[idOf(s.text)]
	if len(got) == 0 { // another field than the message is the long one: it is cut at its end
		got = found["cut at "+s.text[15:39]]
	}
	if len(got) != 1 || len(got[0]) > largest || len(got[0]) < largest-20 {
		return false
	}
	head, _, ok := strings.Cut(got[0], mark)
	return ok && strings.HasPrefix(s.text, head)
}
