package access

import (
	"net/netip"
	"testing"
)

func FuzzIsIPIsNeverWiderThanNetip(f *testing.F) {
	for _, s := range []string{"1.2.3.4", "256.1.1.1", "01.2.3.4", "::1", "::", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1", "1:", "abcd", "a:b", "::ffff:1.2.3.4", "1.2.3", "", "1:2:3:4:5:6:7::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := netip.ParseAddr(s)
		got := isIP([]byte(s))
		if got && err != nil {
			t.Fatalf("isIP(%q): got true, netip says %v", s, err)
		}
		if !got && err == nil && (a.Is4() || a.Zone() == "" && !a.Is4In6() && len(s) < 40 && !hasDot(s)) {
			t.Fatalf("isIP(%q): got false", s)
		}
	})
}

func hasDot(s string) bool {
	for _, c := range s {
		if c == '.' {
			return true
		}
	}
	return false
}
