package bench

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

func sample(lines Lines, n int) []byte {
	var all []byte
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for seq := range n {
		all = lines.Append(all, uint64(seq), at.Add(time.Duration(seq)*100*time.Microsecond))
		all = append(all, '\n')
	}
	return all
}

func gzipRatio(t *testing.T, raw []byte) float64 {
	t.Helper()
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return float64(len(raw)) / float64(packed.Len())
}

func TestJSONLinesAreAsTheBudgetSays(t *testing.T) {
	const n = 20_000
	raw := sample(JSONLines{}, n)
	size := float64(len(raw))/n - 1
	ratio := gzipRatio(t, raw)
	t.Logf("%.1f bytes a line, gzip -1 makes it %.2f times smaller", size, ratio)
	if size < 575*0.98 || size > 575*1.02 {
		t.Errorf("mean line is %.1f bytes, want 575 +- 2 %%", size)
	}
	if ratio < 5 || ratio > 6 {
		t.Errorf("gzip -1 ratio %.2f, want 5 to 6", ratio)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n"))[:500] {
		if !json.Valid(line) || !utf8.Valid(line) {
			t.Fatalf("not valid JSON in UTF-8: %s", line)
		}
	}
}

func TestNginxLinesAreAsTheBudgetSays(t *testing.T) {
	const n = 20_000
	raw := sample(NginxLines{}, n)
	size := float64(len(raw))/n - 1
	t.Logf("%.1f bytes a line, gzip -1 makes it %.2f times smaller", size, gzipRatio(t, raw))
	if size < 208*0.97 || size > 208*1.03 {
		t.Errorf("mean line is %.1f bytes, want 208 +- 3 %%", size)
	}
}

func TestTheSameNumberMakesTheSameLine(t *testing.T) {
	at := time.Unix(1_800_000_000, 123_456_789)
	for _, lines := range []Lines{JSONLines{}, NginxLines{}} {
		a, b := lines.Append(nil, 7, at), lines.Append(nil, 7, at)
		if !bytes.Equal(a, b) {
			t.Errorf("two lines for one number:\n%s\n%s", a, b)
		}
		if other := lines.Append(nil, 8, at); bytes.Equal(a, other) {
			t.Errorf("one line for two numbers: %s", a)
		}
	}
}
