package json

import (
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
)

// TestHostileLinesCostNoMoreThanTheirSize bounds the time that lines of a
// megabyte made to be slow take: a line of that size takes a millisecond or
// two, and what is quadratic takes minutes.
func TestHostileLinesCostNoMoreThanTheirSize(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	pad := strings.Repeat("x", 1000)
	tests := []struct{ name, line string }{
		{"a thousand times the same key", "{" + strings.Repeat(`"a":"`+pad+`",`, 999) + `"a":1}`},
		{"a thousand times the same nested key", `{"b":{` + strings.Repeat(`"a":"`+pad+`",`, 990) + `"a":1}}`},
		{"a key of dots", `{"` + strings.Repeat("a.", 500_000) + `b":1}`},
		{"an object to flatten, deep and large", strings.Repeat(`{"labels":`, 60) + `"` + strings.Repeat(pad, 1000) + `"` + strings.Repeat("}", 60)},
		{"brackets", strings.Repeat("[", 1<<20)},
		{"escapes", `{"a":"` + strings.Repeat(`\u0061`, 170_000) + `"}`},
	}
	for _, tt := range tests {
		b := event.NewBatch(&event.Source{})
		b.AddLine([]byte(tt.line), 0, len(tt.line))
		start := time.Now()
		suite(t).New(t).Parse(b, 0)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: took %v", tt.name, took)
		} else {
			t.Logf("%s: %v for %d KiB", tt.name, took, len(tt.line)>>10)
		}
	}
}
