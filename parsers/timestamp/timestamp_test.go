package timestamp

import (
	"testing"
	"time"
)

func TestParseReadsTheTimesOfLoggers(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no zone data here")
	}
	tests := []struct{ in, want string }{
		{"2026-11-24T10:02:55Z", "2026-11-24T10:02:55Z"},
		{"2026-11-24T10:02:55.348231Z", "2026-11-24T10:02:55.348231Z"},
		{"2026-11-24T10:02:55.348434+00:00", "2026-11-24T10:02:55.348434Z"},
		{"2026-11-24T10:02:55.348231123+02:00", "2026-11-24T08:02:55.348231123Z"},
		{"2026-11-24T10:02:55-0530", "2026-11-24T15:32:55Z"},
		{"2026-11-24 10:02:55", "2026-11-24T09:02:55Z"},
		{"2026-07-24 10:02:55", "2026-07-24T08:02:55Z"},
		{"2026-11-24 10:02:55,348", "2026-11-24T09:02:55.348Z"},
		{"2026-11-24 10:02:55 +0100", "2026-11-24T09:02:55Z"},
		{"2026-11-24 10:02:55 UTC", "2026-11-24T10:02:55Z"},
		{"2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"},
		{"24/Nov/2026:10:02:57 +0000", "2026-11-24T10:02:57Z"},
		{"24/Nov/2026:10:02:57 -0700", "2026-11-24T17:02:57Z"},
		{"1795514621", "2026-11-24T10:03:41Z"},
		{"1795514621.348", "2026-11-24T10:03:41.348Z"},
		{"1795514621348", "2026-11-24T10:03:41.348Z"},
		{"1795514621348.5", "2026-11-24T10:03:41.3485Z"},
		{"1795514621348231", "2026-11-24T10:03:41.348231Z"},
		{"1795514621348231123", "2026-11-24T10:03:41.348231123Z"},
		{"2026-02-30T10:02:55Z", ""},
		{"2026-13-01T10:02:55Z", ""},
		{"2026-11-24T24:00:00Z", ""},
		{"2026-11-24T10:02:55.Z", ""},
		{"2026-11-24T10:02:55+1:00", ""},
		{"2026-11-24T10:02:55Zx", ""},
		{"9999-11-24T10:02:55Z", ""},
		{"24/Foo/2026:10:02:57 +0000", ""},
		{"0.123", ""},
		{"12345", ""},
		{"99999999999999999999", ""},
		{"1795514621x", ""},
		{"yesterday", ""},
		{"", ""},
	}
	for _, tt := range tests {
		ns, ok := Parse([]byte(tt.in), berlin)
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != tt.want {
			t.Errorf("Parse(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestOnlyWhatEveryDestinationReadsIsStrict(t *testing.T) {
	for in, want := range map[string]bool{
		"2026-11-24T10:02:55.348231Z":     true,
		"2026-11-24T10:02:55+05:30":       true,
		"2026-11-24T10:02:55+18:00":       true,
		"2026-11-24T10:02:55+18:01":       false,
		"2026-11-24T10:02:55+0530":        false,
		"2026-11-24t10:02:55Z":            false,
		"2026-11-24T10:02:55z":            false,
		"2026-11-24 10:02:55Z":            false,
		"2026-11-24T10:02:55,348Z":        false,
		"2026-11-24T10:02:55":             false,
		"2026-11-24T23:59:60Z":            false,
		"2026-11-24T10:02:55.1234567890Z": false,
	} {
		_, strict, ok := RFC3339([]byte(in), nil)
		if !ok || strict != want {
			t.Errorf("RFC3339(%q): got strict %v, ok %v, want strict %v", in, strict, ok, want)
		}
	}
}

func TestLayouts(t *testing.T) {
	tests := []struct{ layout, in, want string }{
		{"", "1795514621", "2026-11-24T10:03:41Z"},
		{"rfc3339", "2026-11-24T10:03:41Z", "2026-11-24T10:03:41Z"},
		{"02/Jan/2006:15:04:05 -0700", "24/Nov/2026:10:03:41 +0000", "2026-11-24T10:03:41Z"},
		{"02-Jan-2006 15:04:05", "24-Nov-2026 10:03:41", "2026-11-24T10:03:41Z"},
		{"2006-01-02", "2026-11-24", "2026-11-24T00:00:00Z"},
		{"epoch_ms", "1500", "1970-01-01T00:00:01.5Z"},
		{"epoch_s", "1.25", "1970-01-01T00:00:01.25Z"},
		{"epoch_ns", "7", "1970-01-01T00:00:00.000000007Z"},
		{"epoch_s", "99999999999999999999", ""},
		{"epoch_s", "x", ""},
		{"02-Jan-2006", "nonsense", ""},
	}
	for _, tt := range tests {
		l, err := NewLayout(tt.layout, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if ns, ok := l.Parse([]byte(tt.in)); ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != tt.want {
			t.Errorf("%s: Parse(%q): got %q, want %q", tt.layout, tt.in, got, tt.want)
		}
	}
	if _, err := NewLayout("YYYY-MM-DD", nil); err == nil {
		t.Error("a layout of another language was taken")
	}
}

func TestReadingATimeAllocatesNothing(t *testing.T) {
	for _, in := range []string{"2026-11-24T10:02:55.348231Z", "1795514621.348", "24/Nov/2026:10:02:57 +0000"} {
		b := []byte(in)
		if n := testing.AllocsPerRun(100, func() { Parse(b, time.UTC) }); n != 0 {
			t.Errorf("%s: got %v allocations, want 0", in, n)
		}
	}
}

func FuzzParseAgreesWithPackageTime(f *testing.F) {
	for _, s := range []string{"2026-11-24T10:02:55.348231Z", "2026-11-24T10:02:55+05:30", "24/Nov/2026:10:02:57 +0000", "1795514621.348"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		Parse(b, time.UTC)
		ns, strict, ok := RFC3339(b, time.UTC)
		want, err := time.Parse(time.RFC3339Nano, string(b))
		if strict && (!ok || err != nil || want.UnixNano() != ns) {
			t.Fatalf("RFC3339(%q): got %d strictly, want %v %v", b, ns, want, err)
		}
		if ns, ok := CommonLog(b); ok {
			if want, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(b)); err == nil && want.UnixNano() != ns {
				t.Fatalf("CommonLog(%q): got %d, want %v", b, ns, want)
			}
		}
	})
}

func BenchmarkRFC3339(b *testing.B) {
	in := []byte("2026-11-24T10:02:55.348231Z")
	b.ReportAllocs()
	for b.Loop() {
		RFC3339(in, time.UTC)
	}
}

func BenchmarkCommonLog(b *testing.B) {
	in := []byte("24/Nov/2026:10:02:57 +0000")
	b.ReportAllocs()
	for b.Loop() {
		CommonLog(in)
	}
}
