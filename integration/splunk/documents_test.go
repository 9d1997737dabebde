//go:build integration

package splunk

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
)

// odd are what documents hold that needs care: lines as they are read, and
// documents of other loggers.
func odd() (lines []string, documents []string) {
	control := make([]byte, 0, 64)
	for c := byte(1); c < ' '; c++ {
		if c != '\n' {
			control = append(control, c)
		}
	}
	lines = []string{
		"", " ", `"`, `\`, `"quoted" and \back\slashed\`, string(control), "\x7f\u0080\u2028\u2029\ufeff",
		"invalid \xff\xfe\xc3\x28 and cut \xe6\x97", "日本語 ελληνικά \U0001F600", `{"not":"closed"`, `</script><!-- & -->`,
		strings.Repeat("x", 1<<20), strings.Repeat("\"\\\t日", 1<<17),
	}
	deep := strings.Repeat(`{"a":`, 30) + `"the end"` + strings.Repeat(`}`, 30)
	documents = []string{
		`{"message":"two thousand keys"` + keys(2000) + `}`, // more than it keeps
		`{"message":"not quite two thousand keys"` + keys(1900) + `}`,
		`{"message":"deep","o":` + deep + `}`,
		`{"message":"kinds","n":-1.50e3,"big":123456789012345678901234567890,"t":true,"f":false,"list":[1,"two",{"three":3},[]]}`,
		`{"message":"what is not kept","empty":"","null":null,"object":{}}`,
		`{"message":"odd keys","":"no name","a.b":"dotted","with \"quotes\"":"x","日本":"y"}`,
		`{"message":"escaped \u0041\ud83d\ude00\/\b\f"}`,
		`{"message":"what looks like ours","event":{"event":"x"},"time":"y","index":"z","fields":{"sluice_id":"forged"}}`,
	}
	return lines, documents
}

// keys are n members of an object, behind others.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"key_%d":"value %d"`, i, i)
	}
	return b.String()
}

// mostFields is how many fields VictoriaLogs keeps of a document: of one that
// has more it keeps nothing, and says so only in its own log.
const mostFields = 2000

// documents makes n documents, one in fifty of them odd, of several sources and
// classes.
func documents(n int) []event.Doc {
	lines, other := odd()
	random := rand.New(rand.NewPCG(1, 2))
	classes := []string{"audit", "debug", "standard"}
	start := time.Now().Add(-time.Hour)
	docs := make([]event.Doc, n)
	for i := range docs {
		d := &docs[i]
		d.ID = event.ID{Source: 0x0123456789abcdef + uint64(i%7), Pos: int64(i) * 1000, Size: 1000}
		d.Time = start.Add(time.Duration(i) * 30 * time.Millisecond).UnixMilli()
		d.Retention = classes[i%3]
		line := fmt.Sprintf("GET /api/v1/bookings/%d took %d ms", random.IntN(1e6), random.IntN(900))
		k := i / 50
		switch {
		case i%50 == 7 && k%10 != 0 && len(lines[k%len(lines)]) > 1000: // few of the large ones
		case i%50 == 7:
			line = lines[k%len(lines)]
		case i%50 == 21 && k%10 != 0 && len(other[k%len(other)]) > 1000:
		case i%50 == 21:
			d.JSON = []byte(other[k%len(other)])
			continue
		}
		batch := event.NewBatch(&event.Source{ID: d.ID.Source, Name: "test", Constants: []event.Constant{
			{Key: "service.name", Value: fmt.Sprintf("svc-%d", i%4)}, {Key: "host.name", Value: "web-1"},
			{Key: "log.file.path", Value: fmt.Sprintf("/var/log/app-%d.log", i%7), Ours: true},
		}})
		batch.AddLine([]byte(line), d.ID.Pos, 1000)
		d.JSON = batch.AppendDocument(nil, 0, []string{d.Retention})
	}
	return docs
}

// wanted is what VictoriaLogs has of a document: its fields, flat.
func wanted(t testing.TB, d *event.Doc) map[string]string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(d.JSON)))
	decoder.UseNumber()
	var doc map[string]any
	if err := decoder.Decode(&doc); err != nil {
		t.Fatalf("document %.200q: %v", d.JSON, err)
	}
	out := map[string]string{}
	flatten(t, out, "event", doc)
	if m, ok := out["event.message"]; ok {
		delete(out, "event.message")
		out["_msg"] = m
	}
	return out
}

// flatten adds what is left of a value: no empty text, no null, no empty object.
func flatten(t testing.TB, out map[string]string, key string, v any) {
	t.Helper()
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for k, inner := range v {
			flatten(t, out, key+"."+k, inner)
		}
	case []any:
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out[key] = string(text)
	case string:
		if v != "" {
			out[key] = v
		}
	default:
		out[key] = fmt.Sprint(v)
	}
}
