package timefmt

import (
	"math"
	"testing"
	"time"
)

func TestTimesReadBackAsTheyWere(t *testing.T) {
	for _, ns := range []int64{0, 1, -1, 1e9, -1e9, 1795514621e9, 1795514621123456789, 1795514621120000000, 951782400e9, math.MaxInt64, math.MinInt64} {
		got := string(AppendRFC3339(nil, ns))
		back, err := time.Parse(time.RFC3339Nano, got)
		if err != nil || back.UnixNano() != ns {
			t.Errorf("%d: got %s (%v), want %s", ns, got, err, time.Unix(0, ns).UTC().Format(time.RFC3339Nano))
		}
	}
}

func TestMillisecondsAreAlwaysWritten(t *testing.T) {
	if got, want := string(AppendRFC3339(nil, 1795514621e9)), "2026-11-24T10:03:41.000Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEveryDayOfFourCenturiesAgreesWithPackageTime(t *testing.T) {
	for days := int64(-100000); days < 100000; days++ {
		at := time.Unix(days*day, 0).UTC()
		y, m, d := Date(days)
		if y != at.Year() || m != int(at.Month()) || d != at.Day() {
			t.Fatalf("Date(%d): got %d-%d-%d, want %s", days, y, m, d, at)
		}
		if got := Days(y, m, d); got != days {
			t.Fatalf("Days(%d, %d, %d): got %d, want %d", y, m, d, got, days)
		}
		if d > DaysIn(y, m) {
			t.Fatalf("DaysIn(%d, %d): got %d, want at least %d", y, m, DaysIn(y, m), d)
		}
	}
}

func BenchmarkAppendRFC3339(b *testing.B) {
	var dst []byte
	for b.Loop() {
		dst = AppendRFC3339(dst[:0], 1795514621123456789)
	}
	if testing.AllocsPerRun(10, func() { dst = AppendRFC3339(dst[:0], 1795514621123456789) }) != 0 {
		b.Error("allocates")
	}
}
