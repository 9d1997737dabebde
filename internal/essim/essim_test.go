package essim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

const good = `{"@timestamp":"2026-11-24T10:00:00Z","message":"x"}`

func compress(t testing.TB, raw string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pair is an action and its document.
func pair(id, doc string) string {
	return fmt.Sprintf(`{"create":{"_index":"logs-a-b","_id":%q}}`+"\n%s\n", id, doc)
}

const query = "?require_data_stream=true&filter_path=errors,items.*.status,items.*.error"

func post(s *Server, path, encoding string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-ndjson")
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func strict() *Server {
	return New(Options{Strict: true, KeepIDs: true, Templates: []string{"logs-*-*"}, MaxBody: 1 << 20})
}

func TestBulk(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		want       string // the whole answer to the body, or a part of an error
	}{
		{"one document", pair("1", good), 200, `{"errors":false,"items":[{"create":{"status":201}}]}`},
		{"two documents", pair("1", good) + pair("2", good), 200, `{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]}`},
		{"an id twice", pair("1", good) + pair("1", good), 200, `{"create":{"status":409,"error":{"reason":"[1]: version conflict`},
		{"no last line end", strings.TrimSuffix(pair("1", good), "\n"), 400, "must be terminated by a newline"},
		{"no body", "", 400, "request body is required"},
		{"an action without a document", pair("1", good) + `{"create":{"_index":"logs-a-b"}}` + "\n", 400, "a document is missing"},
		{"an action that is none", "{}\n" + good + "\n", 400, "malformed action"},
		{"an action with two operations", `{"create":{},"index":{}}` + "\n" + good + "\n", 400, "malformed action"},
		{"an action with more behind it", `{"create":{"_index":"logs-a-b"}} {}` + "\n" + good + "\n", 400, "malformed action"},
		{"an empty line between", pair("1", good) + "\n" + pair("2", good), 400, "malformed action"},
		{"another operation", `{"index":{"_index":"logs-a-b"}}` + "\n" + good + "\n", 200, "only write ops with an op_type of create"},
		{"a stream without a template", strings.Replace(pair("1", good), "logs-", "x-", 1), 200, `"status":404`},
		{"a name that no index can have", strings.Replace(pair("1", good), "logs-a-b", "_x", 1), 200, `"status":404`},
		{"more than the limit", pair("1", `{"@timestamp":1,"a":"`+strings.Repeat("x", 1<<20)+`"}`), 413, ""},
		{"no timestamp", pair("1", `{"message":"x"}`), 200, "timestamp field [@timestamp] is missing"},
		{"a timestamp that is none", pair("1", `{"@timestamp":"yesterday"}`), 200, "failed to parse field [@timestamp]"},
		{"a key twice", pair("1", `{"@timestamp":1,"a":1,"a":2}`), 200, "duplicate field 'a'"},
		{"a key dotted and nested", pair("1", `{"@timestamp":1,"a.b":1,"a":{"b":2}}`), 200, "dotted and nested"},
		{"a value and an object", pair("1", `{"@timestamp":1,"a.b":1,"a":2}`), 200, "found a concrete value"},
		{"keys twice in a list", pair("1", `{"@timestamp":1,"a":[{"b":1},{"b":2}]}`), 200, `{"errors":false,"items":[{"create":{"status":201}}]}`},
		{"an empty key", pair("1", `{"@timestamp":1,"":1}`), 200, "cannot be empty"},
		{"a document that is no JSON", pair("1", `{"@timestamp":1,}`), 200, "not valid JSON"},
		{"a document that is no object", pair("1", `[1]`), 200, "not an object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := post(strict(), "/_bulk"+query, "gzip", compress(t, tt.body))
			if got.Code != tt.status || !strings.Contains(got.Body.String(), tt.want) {
				t.Errorf("got %d %s, want %d %s", got.Code, got.Body, tt.status, tt.want)
			}
		})
	}
}

func TestGzipIsReadStrictly(t *testing.T) {
	whole := compress(t, pair("1", good))
	flip := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	for name, body := range map[string][]byte{
		"two members":                     append(bytes.Clone(whole), whole...),
		"a byte behind":                   append(bytes.Clone(whole), 0),
		"a wrong checksum":                flip(len(whole) - 8),
		"a wrong size":                    flip(len(whole) - 1),
		"no trailer":                      whole[:len(whole)-8],
		"half of it":                      whole[:len(whole)/2],
		"nothing":                         nil,
		"a body that is not compressed":   []byte(pair("1", good)),
		"a first byte that is not gzip's": flip(0),
	} {
		s := strict()
		if got := post(s, "/_bulk"+query, "gzip", body); got.Code != 400 || s.Counts().Docs != 0 {
			t.Errorf("%s: got %d %s and %d documents, want 400 and none", name, got.Code, got.Body, s.Counts().Docs)
		}
	}
	if got := post(strict(), "/_bulk"+query, "", []byte(pair("1", good))); got.Code != 200 {
		t.Errorf("plain: got %d %s", got.Code, got.Body)
	}
	if got := post(strict(), "/_bulk"+query, "zstd", whole); got.Code != 400 {
		t.Errorf("zstd: got %d, want 400", got.Code)
	}
}

func TestAnIndexInTheURL(t *testing.T) {
	var got []string
	s := New(Options{Strict: true, Templates: []string{"logs-*-*"}, OnDoc: func(index, id string, doc []byte) {
		got = append(got, index+" "+id+" "+string(doc))
	}})
	post(s, "/logs-x-y/_bulk"+query, "", []byte(`{"create":{"_id":"7"}}`+"\n"+good+"\n"+`{"create":{}}`+"\n"+good+"\n"))
	if want := []string{"logs-x-y 7 " + good, "logs-x-y  " + good}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithoutAFilterTheAnswerIsLonger(t *testing.T) {
	got := post(strict(), "/_bulk", "", []byte(pair("1", good))).Body.String()
	if want := `{"errors":false,"took":1,"items":[{"create":{"_index":"logs-a-b","status":201}}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAStrayIndexIsCounted(t *testing.T) {
	s := New(Options{})
	post(s, "/_bulk", "", []byte(pair("1", good)))
	if got := s.Counts(); got.Stray != 1 || got.Docs != 1 {
		t.Errorf("got %+v, want one stray document", got)
	}
}

func TestAnotherProductKnowsFewerParameters(t *testing.T) {
	s := New(Options{Any: true, Templates: []string{"*"}})
	got := post(s, "/_bulk"+query, "", []byte(pair("1", good)))
	if got.Code != 400 || !strings.Contains(got.Body.String(), "[require_data_stream]") || got.Header().Get("X-Elastic-Product") != "" {
		t.Errorf("got %d %s %v", got.Code, got.Body, got.Header())
	}
}

func TestCredentialsAreAsked(t *testing.T) {
	s := New(Options{Authorization: "ApiKey x"})
	if got := post(s, "/_bulk", "", []byte(pair("1", good))); got.Code != 401 {
		t.Errorf("got %d, want 401", got.Code)
	}
}

// send posts over a real connection and returns the answer's body.
func send(t *testing.T, url string) (string, error) {
	t.Helper()
	res, err := http.Post(url+"/_bulk"+query, "application/x-ndjson", strings.NewReader(pair("1", good)))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return fmt.Sprintf("%d %s", res.StatusCode, text), err
}

func TestFaultsComeInOrderAndEnd(t *testing.T) {
	s := New(Options{Templates: []string{"*"}})
	server := httptest.NewServer(s)
	defer server.Close()
	s.Next(
		Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		Fault{CutBefore: true},
		Fault{CutAfter: true},
		Fault{Rewrite: func(a []byte) []byte { return a[:len(a)/2] }},
		Fault{Rewrite: func([]byte) []byte { return []byte(strings.Repeat("garbage", 100)) }},
		Fault{Item: func(int, []byte) (int, string, string) { return 503, "unavailable_shards_exception", "none" }},
		Fault{},
	)
	tests := []struct {
		want string // "" is an error
		docs int64
	}{{"429 ", 0}, {"", 0}, {"", 1}, {"", 2}, {"200 garbage", 3}, {`200 {"errors":true`, 3}, {`200 {"errors":false`, 4}, {`200 {"errors":false`, 5}}
	for i, tt := range tests {
		got, err := send(t, server.URL)
		if (err != nil) != (tt.want == "") || err == nil && !strings.HasPrefix(got, tt.want) || s.Counts().Docs != tt.docs {
			t.Errorf("request %d: got %s, %v and %d documents, want %q and %d", i, got, err, s.Counts().Docs, tt.want, tt.docs)
		}
	}
	s.Always(&Fault{Status: 503})
	for range 2 {
		if got, err := send(t, server.URL); err != nil || !strings.HasPrefix(got, "503 ") {
			t.Errorf("always: got %s, %v, want 503", got, err)
		}
	}
	s.Always(nil)
	if got, err := send(t, server.URL); err != nil || !strings.HasPrefix(got, "200 ") {
		t.Errorf("after: got %s, %v, want 200", got, err)
	}
}

func TestAnswersAreDroppedAfterStoring(t *testing.T) {
	s := New(Options{Templates: []string{"*"}, DropAnswers: 0.5, Seed: 1, Delay: 2e6})
	server := httptest.NewServer(s)
	defer server.Close()
	failed := int64(0)
	for range 40 {
		if _, err := send(t, server.URL); err != nil {
			failed++
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Logf("dropped: %v", err)
			}
		}
	}
	got := s.Counts()
	if got.Docs != 40 || got.Dropped != failed || failed < 10 || failed > 30 {
		t.Errorf("got %+v with %d failed, want all stored and about half dropped", got, failed)
	}
}

func FuzzAction(f *testing.F) {
	f.Add([]byte(`{"create":{"_index":"a","_id":"b"}}`))
	f.Add([]byte(`{"create":{"_id":"b","_index":"a"}}`))
	f.Add([]byte(`{"create":{"_index":"a",}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		quick, ok := quickAction(line)
		if !ok {
			return
		}
		slow, err := slowAction(line)
		if err != nil || slow.op != quick.op || !bytes.Equal(slow.index, quick.index) || !bytes.Equal(slow.id, quick.id) {
			t.Errorf("%q: got %+v quickly, %+v, %v slowly", line, quick, slow, err)
		}
	})
}

// BenchmarkSink is the server as `sluice bench` uses it: SetBytes is what the
// agent wrapped.
func BenchmarkSink(b *testing.B) {
	var raw strings.Builder
	for i := 0; raw.Len() < 4<<20; i++ {
		raw.WriteString(pair(fmt.Sprintf("ASNFZ4mrze8-%d-575", i*575), fmt.Sprintf(
			`{"@timestamp":"2026-11-24T10:00:%02d.%03dZ","log.level":"info","message":"GET /api/bookings/%d","http.response.status_code":200,"trace.id":"%016x%016x","user.id":%d,"duration":%d,"host.name":"web-1","log.file.path":"/var/log/renthub/bookings/app.log","service.name":"bookings","labels.retention":"standard","context":{"tenant":"acme-%d","region":"eu-central-1","path":"/srv/app/releases/20261124/current"}}`,
			i/1000%60, i%1000, i*7919, i*2654435761, i*40503, i*31%100000, i*17%5000, i%50)))
	}
	body := compress(b, raw.String())
	s := New(Options{Templates: []string{"*"}})
	b.SetBytes(int64(raw.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/_bulk"+query, bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/x-ndjson")
		r.Header.Set("Content-Encoding", "gzip")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
