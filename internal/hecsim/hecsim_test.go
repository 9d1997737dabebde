package hecsim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const guidOne = "0AEEAC95-AC74-4AA9-B30D-6DF3C1B1C0A9"

// ask sends a request to a server and returns the status and the body.
func ask(t *testing.T, s *Server, path, body string, head map[string]string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/services/collector"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Splunk t")
	for k, v := range head {
		if v == "" {
			r.Header.Del(k)
		} else {
			r.Header.Set(k, v)
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestWhatIsRefused(t *testing.T) {
	const good = `{"event":{"a":1}}`
	tests := map[string]struct {
		body   string
		want   string // the code, and the number
		stored int
	}{
		"two objects without anything between":  {good + good, "0", 2},
		"a line end between":                    {good + "\n" + good, "0", 2},
		"every key that there is":               {`{"time":1791048401.679,"host":"h","source":"s","sourcetype":"t","index":"main","fields":{"a":"b","c":["d"]},"event":"x"}`, "0", 1},
		"a time in quotes":                      {`{"time":"1791048401","event":"x"}`, "0", 1},
		"an unknown key ends it with a success": {good + `{"event":"x","evil":1}` + good, "0", 1},
		"no object":                             {good + `[1]`, "6 1", 1},
		"an object that ends early":             {good + good + `{"event":"x"`, "6 2", 2},
		"no JSON at all":                        {`hello`, "6 0", 0},
		"invalid UTF-8":                         {"{\"event\":\"\xff\"}", "6 0", 0},
		"a time in scientific form":             {good + `{"time":1.79e9,"event":"x"}`, "15 1", 1},
		"no event":                              {`{"host":"h"}`, "12 0", 0},
		"an event of null":                      {good + `{"event":null}`, "13 1", 1},
		"an event of nothing":                   {`{"event":""}`, "13 0", 0},
		"an event of white space":               {`{"event":"  "}`, "13 0", 0},
		"nested fields":                         {`{"fields":{"a":{"b":"c"}},"event":"x"}`, "15 0", 0},
		"a number in fields":                    {`{"fields":{"a":1},"event":"x"}`, "15 0", 0},
		"an index that is not allowed":          {good + `{"index":"other","event":"x"}` + good, "7 2", 0},
		"a long event":                          {`{"event":"` + strings.Repeat("x", 6<<20) + `"}`, "6 0", 0},
		"nothing":                               {``, "5", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := New(Options{Tokens: map[string]Token{"t": {Indexes: []string{"main"}}}})
			_, body := ask(t, s, "/event", tt.body, nil)
			code, number, _ := strings.Cut(tt.want, " ")
			want := `"code":` + code
			if number != "" {
				want += `,"invalid-event-number":` + number
			}
			if !strings.Contains(body, want) || len(s.Stored()) != tt.stored {
				t.Errorf("got %s and %d stored, want %s and %d", body, len(s.Stored()), want, tt.stored)
			}
		})
	}
}

func TestWhoIsRefused(t *testing.T) {
	tests := map[string]struct {
		token Token
		path  string
		head  map[string]string
		want  string
	}{
		"no authorization":         {Token{}, "/event", map[string]string{"Authorization": ""}, `401 "code":2`},
		"another authorization":    {Token{}, "/event", map[string]string{"Authorization": "Bearer t"}, `401 "code":3`},
		"another token":            {Token{}, "/event", map[string]string{"Authorization": "Splunk x"}, `403 "code":4`},
		"a token in the address":   {Token{}, "/event?token=t", nil, `400 "code":16`},
		"a disabled token":         {Token{Disabled: true}, "/event", nil, `403 "code":1`},
		"no channel for acks":      {Token{Acks: true}, "/event", nil, `400 "code":10`},
		"a channel that is none":   {Token{Acks: true}, "/event", map[string]string{"X-Splunk-Request-Channel": "1"}, `400 "code":11`},
		"a channel in the address": {Token{Acks: true}, "/event?channel=" + guidOne, nil, `200 "ackId":0`},
		"polls without acks":       {Token{}, "/ack?channel=" + guidOne, nil, `400 "code":14`},
		"another encoding":         {Token{}, "/event", map[string]string{"Content-Encoding": "deflate"}, `415 not supported`},
		"no gzip in it":            {Token{}, "/event", map[string]string{"Content-Encoding": "gzip"}, `400 "code":6`},
	}
	for name, tt := range tests {
		s := New(Options{Tokens: map[string]Token{"t": tt.token}})
		status, body := ask(t, s, tt.path, `{"event":"x"}`, tt.head)
		code, part, _ := strings.Cut(tt.want, " ")
		if fmt.Sprint(status) != code || !strings.Contains(body, part) {
			t.Errorf("%s: got %d %s, want %s", name, status, body, tt.want)
		}
	}
}

func TestAcknowledgementIsToldOnce(t *testing.T) {
	s := New(Options{Tokens: map[string]Token{"t": {Acks: true}}, AckPolls: 1})
	channel := map[string]string{"X-Splunk-Request-Channel": guidOne}
	poll := func() string {
		_, body := ask(t, s, "/ack?channel="+guidOne, `{"acks":[0,1,7]}`, channel)
		return body
	}
	for _, want := range []string{`"ackId":0`, `"ackId":1`} {
		if _, body := ask(t, s, "/event", `{"event":"x"}`, channel); !strings.Contains(body, want) {
			t.Errorf("got %s, want %s", body, want)
		}
	}
	var got []string
	for range 3 {
		got = append(got, poll())
	}
	want := []string{`{"acks":{"0":false,"1":false,"7":false}}`, `{"acks":{"0":true,"1":true,"7":false}}`, `{"acks":{"0":false,"1":false,"7":false}}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("polls (-want +got):\n%s", diff)
	}
	s.Restart()
	if _, body := ask(t, s, "/event", `{"event":"x"}`, channel); !strings.Contains(body, `"ackId":0`) {
		t.Errorf("after a restart: got %s, want the id 0 again", body)
	}
}

func TestABodyThatIsTooLarge(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(`{"event":"` + strings.Repeat("x", 2000) + `"}`)) // into memory
	_ = z.Close()
	for cloud, want := range map[bool]string{false: "413", true: `400 {"code":6,"invalid-event-number":0,`} {
		s := New(Options{Tokens: map[string]Token{"t": {}}, MaxBody: 1000, Cloud: cloud})
		status, body := ask(t, s, "/event", zipped.String(), map[string]string{"Content-Encoding": "gzip"})
		if got := fmt.Sprint(status, " ", body); !strings.HasPrefix(got, want) {
			t.Errorf("cloud %t: got %s, want %s", cloud, got, want)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"event":"x"}{"event":1,"fields":{"a":"b"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := New(Options{Tokens: map[string]Token{"t": {}}})
		status, _ := ask(t, s, "/event", string(body), nil)
		if status != 200 && status != 400 {
			t.Errorf("got status %d", status)
		}
	})
}
