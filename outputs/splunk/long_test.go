package splunk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/hecsim"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestALongDocument(t *testing.T) {
	long := func(n int) []event.Doc {
		docs := outputtest.Docs(1)
		docs[0].JSON = fmt.Appendf(nil, `{"@timestamp":"2026-11-24T10:00:00.000Z","message":"%s","seq":1}`, strings.Repeat(`a\"é`, n/5))
		return docs
	}
	tests := map[string]struct {
		how  string
		docs []event.Doc
		want string
	}{
		"is cut":                     {longCut, long(3 << 20), "taken"},
		"is put aside":               {longDeadLetter, long(3 << 20), "poisoned"},
		"that fits is sent whole":    {longDeadLetter, long(1<<20 - 100), "taken"},
		"of several goes in halves":  {longCut, append(long(900<<10), long(900<<10)...), "too large"},
		"of several is not lost, so": {longDeadLetter, append(long(900<<10), long(900<<10)...), "too large"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
				c.MaxRequestSize, c.MaxEventSize, c.OnLongEvent = 1<<20, 1<<20, tt.how
				s.MaxEvent = 1 << 20
			})
			if err := try(t, b, tt.docs); kindOf(err) != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if tt.want != "taken" {
				return
			}
			stored := b.docs()[0]
			if len(tt.docs[0].JSON) <= 1<<20 {
				if stored != string(tt.docs[0].JSON) {
					t.Error("it is not as it was")
				}
				return
			}
			var got struct {
				From    int `json:"sluice.cut_from_bytes"`
				Message string
				Seq     int
			}
			if err := json.Unmarshal([]byte(stored), &got); err != nil {
				t.Fatal(err)
			}
			if got.From != len(tt.docs[0].JSON) || got.Seq != 1 || len(stored) > 1<<20 || len(stored) < 1<<20-1000 {
				t.Errorf("got %d bytes from %d, seq %d", len(stored), got.From, got.Seq)
			}
		})
	}
}

func TestWhatIsCut(t *testing.T) {
	big := func(n int) string { return strings.Repeat("x", n) }
	tests := map[string]struct {
		doc  string
		want []string // keys that are left
	}{
		"one long text":           {`{"a":1,"message":"` + big(50<<10) + `","z":true}`, []string{"a", "message", "z"}},
		"two long texts":          {`{"m":"` + big(50<<10) + `","s":"` + big(60<<10) + `","z":true}`, []string{"m", "s", "z"}},
		"a long object":           {`{"a":1,"o":{"x":"` + big(50<<10) + `"}}`, []string{"a"}},
		"a mark from outside":     {`{"sluice.cut_from_bytes":"forged","m":"` + big(50<<10) + `"}`, []string{"m"}},
		"two thousand short ones": {`{"first":1` + many(2000) + `}`, []string{"first"}},
		"nothing that fits":       {`{"` + big(50<<10) + `":1}`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const limit = 20 << 10
			got := appendCut([]byte("before"), []byte(tt.doc), limit)[len("before"):]
			var members map[string]any
			if err := json.Unmarshal(got, &members); err != nil {
				t.Fatalf("%v in %.100q", err, got)
			}
			if len(got) > limit || members[cutKey] != float64(len(tt.doc)) {
				t.Errorf("got %d bytes, mark %v; want at most %d, mark %d", len(got), members[cutKey], limit, len(tt.doc))
			}
			for _, k := range tt.want {
				if _, ok := members[k]; !ok {
					t.Errorf("%s is gone", k)
				}
			}
		})
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"key%d":"a value"`, i)
	}
	return b.String()
}

func FuzzAppendCut(f *testing.F) {
	f.Add([]byte(`{"a":"`+strings.Repeat(`é\n`, 50)+`"}`), 130)
	f.Add([]byte(`{"a":"`+strings.Repeat(`\ud83d\ude00`, 20)+`","b":[1]}`), 133)
	f.Add([]byte(`{}`), 0)
	f.Fuzz(func(t *testing.T, doc []byte, limit int) {
		if len(doc) == 0 || doc[0] != '{' || !json.Valid(doc) || limit < 64 || limit > 1<<20 {
			t.Skip()
		}
		got := appendCut(nil, doc, limit)
		if !json.Valid(got) || len(got) > limit || bytes.Count(got, []byte(cutKey)) < 1 {
			t.Errorf("got %q of %q for %d bytes", got, doc, limit)
		}
		if utf8.Valid(doc) && !utf8.Valid(got) {
			t.Errorf("got %q, which is no UTF-8 any more", got)
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	o := openOffline(f, nil)
	r := outputtest.Request(f, o, outputtest.Docs(3))
	f.Add(bytes.Join(r.Body, nil), r.Size, r.Count)
	f.Add(bytes.Join(r.Body, nil), r.Size, r.Count+1)
	f.Fuzz(func(t *testing.T, body []byte, size, count int) {
		if size < 0 || size > 1<<20 || count < 0 || count > 1000 {
			t.Skip()
		}
		q := *r
		q.Body, q.Size, q.Count = [][]byte{body}, size, count
		list, err := indexesOf(&q)
		if err == nil && len(list) != count {
			t.Errorf("got %d indexes of %d documents", len(list), count)
		}
	})
}
