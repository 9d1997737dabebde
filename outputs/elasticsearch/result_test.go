package elasticsearch

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func items(n int, item string) string {
	return strings.TrimSuffix(strings.Repeat(item+",", n), ",")
}

func TestAnAnswerThatIsNotWholeSaysNothing(t *testing.T) {
	const ok = `{"create":{"status":201}}`
	whole := func(n int) string { return `{"errors":false,"items":[` + items(n, ok) + `]}` }
	tests := []struct {
		name, body string
		taken      bool
	}{
		{"all created", whole(3), true},
		{"all created, in another order", `{"items":[` + items(3, ok) + `],"errors":false}`, true},
		{"with more words", `{"took":5, "errors":false,"ingest_took":1,"items":[` + items(3, `{"create":{"_index":"x","_id":"y","status":201,"_seq_no":1}}`) + `]}` + "\n", true},
		{"200 instead of 201", `{"errors":false,"items":[` + items(3, `{"create":{"status":200}}`) + `]}`, true},
		{"no items", `{"errors":false}`, false},
		{"no errors", `{"items":[` + items(3, ok) + `]}`, false},
		{"an empty list", `{"errors":false,"items":[]}`, false},
		{"too few items", whole(2), false},
		{"too many items", whole(4), false},
		{"cut behind the last item", `{"errors":false,"items":[` + items(3, ok), false},
		{"cut behind the list", `{"errors":false,"items":[` + items(3, ok) + `]`, false},
		{"cut in the first item", `{"errors":false,"items":[{"create":{"sta`, false},
		{"something behind", whole(3) + "x", false},
		{"another end of the same length", strings.TrimSuffix(whole(3), "}") + "]", false},
		{"a second answer behind", whole(3) + whole(3), false},
		{"an item of another action", `{"errors":false,"items":[` + ok + `,{"index":{"status":201}},` + ok + `]}`, false},
		{"an item without a status", `{"errors":false,"items":[` + ok + `,{"create":{}},` + ok + `]}`, false},
		{"an item with a status of no meaning", `{"errors":false,"items":[` + ok + `,{"create":{"status":302}},` + ok + `]}`, false},
		{"an item with status and error", `{"errors":true,"items":[` + ok + `,{"create":{"status":201,"error":{"type":"x"}}},` + ok + `]}`, false},
		{"an item that is null", `{"errors":false,"items":[` + ok + `,null,` + ok + `]}`, false},
		{"the list twice", `{"errors":false,"items":[` + items(3, ok) + `],"items":[` + items(3, ok) + `]}`, false},
		{"a status as text", `{"errors":false,"items":[` + items(3, `{"create":{"status":"201"}}`) + `]}`, false},
		{"a page", "<html></html>", false},
		{"nothing", "", false},
		{"null", "null", false},
		{"a list", "[]", false},
	}
	o := openOffline(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := o.readResult(iotest.HalfReader(strings.NewReader(tt.body)), 3)
			if taken := err == nil && len(res.failed) == 0; taken != tt.taken || err == nil && !tt.taken {
				t.Errorf("got %+v, %v, want taken %v", res, err, tt.taken)
			}
		})
	}
}

// endless is an answer whose text never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 64<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestAnEndlessAnswerIsNotReadForEver(t *testing.T) {
	o := openOffline(t, nil)
	rest := &endless{}
	body := io.MultiReader(strings.NewReader(`{"errors":true,"items":[{"create":{"status":400,"error":{"reason":"`), rest)
	if _, err := o.readResult(body, 3); err == nil || rest.read > 4<<20 {
		t.Errorf("got %v after %d bytes, want an error after about a MiB", err, rest.read)
	}
}

func TestErrorsFalseIsNotBelievedOverItems(t *testing.T) {
	o := openOffline(t, nil)
	res, err := o.readResult(strings.NewReader(`{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":429}}]}`), 2)
	if err != nil || len(res.failed) != 1 || res.failed[0].Index != 1 {
		t.Errorf("got %+v, %v, want document 1 as not taken", res, err)
	}
}

func TestTheFailureStoreIsCounted(t *testing.T) {
	o := openOffline(t, nil)
	res, err := o.readResult(strings.NewReader(`{"errors":false,"items":[{"create":{"status":201,"failure_store":"used"}},{"create":{"status":201}}]}`), 2)
	if err != nil || res.failureStore != 1 || len(res.failed) != 0 {
		t.Errorf("got %+v, %v, want one in the failure store and none failed", res, err)
	}
}

func FuzzResult(f *testing.F) {
	const ok = `{"create":{"status":201}}`
	f.Add(`{"errors":false,"items":[`+items(2, ok)+`]}`, 2)
	f.Add(`{"errors":true,"items":[{"create":{"status":400,"error":{"type":"a","reason":"b","caused_by":{"reason":"c"}}}}]}`, 1)
	f.Add(`{"items":[{"create":{"status":409}}],"errors":true}`, 1)
	o := openOffline(f, nil)
	f.Fuzz(func(t *testing.T, body string, count int) {
		count = 1 + count&0xf
		res, err := o.readResult(strings.NewReader(body), count)
		if err != nil {
			return
		}
		// What is understood is one whole JSON object with an item for each
		// document.
		var whole struct {
			Items []map[string]struct {
				Status int `json:"status"`
			} `json:"items"`
		}
		if err := json.Unmarshal([]byte(body), &whole); err != nil || len(whole.Items) != count {
			t.Fatalf("understood %q as an answer to %d documents: %v", body, count, err)
		}
		last := -1
		for _, f := range res.failed {
			if f.Index <= last || f.Index >= count || len(f.Reason) > maxReason {
				t.Fatalf("failure %+v of %q", f, body)
			}
			last = f.Index
		}
	})
}

func BenchmarkReadResult(b *testing.B) {
	const count = 5500 // documents of a request of 4 MiB
	o := openOffline(b, nil)
	for name, item := range map[string]string{"created": `{"create":{"status":201}}`, "mixed": `{"create":{"status":200}}`} {
		body := `{"errors":false,"items":[` + items(count, item) + `]}`
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := o.readResult(strings.NewReader(body), count); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
