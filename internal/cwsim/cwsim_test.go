package cwsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newServer() *Server {
	s := New(Options{Now: func() time.Time { return noon }})
	s.Make("/g", 0, "s")
	return s
}

// ask sends a request without a network and returns the status, the kind of a
// refusal and the body.
func ask(s *Server, operation, body string, change func(*http.Request)) (int, string, string) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261124/eu-west-1/logs/aws4_request, SignedHeaders=host, Signature=0")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var refusal struct {
		Type string `json:"__type"`
	}
	_ = json.Unmarshal(w.Body.Bytes(), &refusal) // an empty answer has none
	return w.Code, refusal.Type, w.Body.String()
}

type event struct {
	Time    int64  `json:"timestamp"`
	Message string `json:"message"`
}

func put(t testing.TB, group, stream string, events ...event) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"logGroupName": group, "logStreamName": stream, "logEvents": events})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func at(ago time.Duration, message string) event { return event{noon.Add(-ago).UnixMilli(), message} }

func TestBatchesThatAreRefused(t *testing.T) {
	many := make([]event, maxEvents+1)
	for i := range many {
		many[i] = at(0, "x")
	}
	half := strings.Repeat("x", maxBatch/2-perEvent)
	tests := []struct{ name, body, want string }{
		{"no such group", put(t, "/none", "s", at(0, "x")), "ResourceNotFoundException"},
		{"no such stream", put(t, "/g", "none", at(0, "x")), "ResourceNotFoundException"},
		{"a group's name", put(t, "/g h", "s", at(0, "x")), "InvalidParameterException"},
		{"a stream's name", put(t, "/g", "s:1", at(0, "x")), "InvalidParameterException"},
		{"no events", put(t, "/g", "s"), "InvalidParameterException"},
		{"as many events as can be", put(t, "/g", "s", many[1:]...), ""},
		{"one event too many", put(t, "/g", "s", many...), "InvalidParameterException"},
		{"as many bytes as can be", put(t, "/g", "s", at(0, half), at(0, half)), ""},
		{"one byte too many", put(t, "/g", "s", at(0, half), at(0, half+"x")), "InvalidParameterException"},
		{"an event of the largest size", put(t, "/g", "s", at(0, strings.Repeat("x", maxEvent-perEvent))), ""},
		{"an event that is too large", put(t, "/g", "s", at(0, strings.Repeat("x", maxEvent-perEvent+1))), "InvalidParameterException"},
		{"an empty message", put(t, "/g", "s", at(0, "")), "InvalidParameterException"},
		{"a time before 1970", put(t, "/g", "s", event{-1, "x"}), "InvalidParameterException"},
		{"not in order", put(t, "/g", "s", at(0, "x"), at(time.Second, "x")), "InvalidParameterException"},
		{"a day", put(t, "/g", "s", at(day, "x"), at(0, "x")), ""},
		{"more than a day", put(t, "/g", "s", at(day+time.Millisecond, "x"), at(0, "x")), "InvalidParameterException"},
		{"more than a day by an event that is refused", put(t, "/g", "s", at(15*day, "x"), at(0, "x")), ""},
		{"not UTF-8", "{\"logGroupName\":\"\xff\"}", "SerializationException"},
		{"not JSON", "{", "SerializationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer()
			status, got, body := ask(s, "PutLogEvents", tt.body, nil)
			if got != tt.want || (status == http.StatusOK) != (tt.want == "") {
				t.Errorf("got %d %s, want %q", status, body, tt.want)
			}
			if stored := len(s.Events()); tt.want != "" && stored > 0 {
				t.Errorf("a refused batch stored %d events", stored)
			}
		})
	}
}

func TestRejectedEvents(t *testing.T) {
	s := newServer()
	s.Make("/g", 7, "s")
	_, _, body := ask(s, "PutLogEvents", put(t, "/g", "s", at(15*day, "old"), at(8*day, "expired"), at(time.Hour, "right"), at(-3*time.Hour, "new")), nil)
	var got putAnswer
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	one, two, three := 1, 2, 3
	if diff := cmp.Diff(got.Rejected, &rejected{&one, &two, &three}); diff != "" {
		t.Errorf("rejected (-got +want):\n%s", diff)
	}
	if events := s.Events(); len(events) != 1 || events[0].Message != "right" {
		t.Errorf("stored %+v, want the right one", events)
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	body := put(t, "/g", "s", at(0, "x"))
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(body)) // to memory
	_ = w.Close()
	gzipped := func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }
	tests := []struct {
		name, body string
		change     func(*http.Request)
		want       string
	}{
		{"gzip", zipped.String(), gzipped, ""},
		{"half of gzip", zipped.String()[:zipped.Len()/2], gzipped, "SerializationException"},
		{"bytes behind gzip", zipped.String() + "x", gzipped, "SerializationException"},
		{"another encoding", body, func(r *http.Request) { r.Header.Set("Content-Encoding", "br") }, "SerializationException"},
		{"no signature", body, func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException"},
		{"of another service", body, func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/logs/", "/s3/", 1))
		}, "IncompleteSignatureException"},
		{"another media type", body, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, "UnknownOperationException"},
		{"no length", body, func(r *http.Request) { r.ContentLength = -1 }, "SerializationException"},
	}
	for _, tt := range tests {
		if _, got, text := ask(newServer(), "PutLogEvents", tt.body, tt.change); got != tt.want {
			t.Errorf("%s: got %s, want %q", tt.name, text, tt.want)
		}
	}
	if _, got, _ := ask(newServer(), "Nothing", "{}", nil); got != "UnknownOperationException" {
		t.Errorf("an unknown operation: got %s", got)
	}
}

func TestRetentionOfGroups(t *testing.T) {
	s := newServer()
	for days, want := range map[int]string{7: "", 8: "InvalidParameterException", 3653: "", 0: "InvalidParameterException"} {
		if _, got, _ := ask(s, "PutRetentionPolicy", fmt.Sprintf(`{"logGroupName":"/g","retentionInDays":%d}`, days), nil); got != want {
			t.Errorf("%d days: got %s, want %q", days, got, want)
		}
	}
	s.Make("/g", 400)
	s.SetPolicies(AccountPolicy{"short", "/", 30}, AccountPolicy{"longer", "/g", 60})
	_, _, body := ask(s, "DescribeLogGroups", `{"logGroupNamePrefix":"/g"}`, nil)
	if want := `{"logGroups":[{"logGroupName":"/g","logGroupClass":"STANDARD","retentionInDays":60,"retentionPolicyName":"longer"}]}`; body != want {
		t.Errorf("got %s, want %s", body, want)
	}
}
