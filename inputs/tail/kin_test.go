package tail

import (
	"slices"
	"strings"
	"testing"
)

func TestRotationsAreToldByTheirNames(t *testing.T) {
	cases := []struct {
		original, name string
		want           bool
	}{
		{"app.log", "app.log", true},
		{"app.log", "app.log.1", true},
		{"app.log", "app.log.12.gz", true},
		{"app.log", "app.log-20261124", true},
		{"app.log", "app-20261124.log", true},
		{"app.log", "app.1.log", true},
		{"app.log", "app.log.old", true},
		{"app.log.1", "app.log.1.gz", true},
		{"0.log", "0.log.20261124-100255", true},
		{"0.log", "0.log.20261124-100255.gz", true},
		{"app.log", "app.logs", false},
		{"app.log", "app.log.audit", false},
		{"app.log", "apple.log", false},
		{"app.log", "app2.log", false},
		{"app1.log", "app2.log", false},
		{"app.log", "ap.log", false},
		{"app.log.1", "app.log", false},
	}
	for _, c := range cases {
		if got := rotationOf(c.original, c.name); got != c.want {
			t.Errorf("%s of %s: got %t, want %t", c.name, c.original, got, c.want)
		}
		if c.want && kinKey("/x/"+c.original) != kinKey("/x/"+c.name) {
			t.Errorf("%s and %s have different keys", c.original, c.name)
		}
		if got := slices.Contains(originals("/x/"+c.name), "/x/"+strings.TrimSuffix(c.original, ".gz")); got != (c.want && c.name != c.original) {
			t.Errorf("%s among the originals of %s: got %t", c.original, c.name, got)
		}
	}
}

func TestRotationsMoveOn(t *testing.T) {
	for _, c := range []struct {
		was, name string
		want      bool
	}{
		{"a.log.1", "a.log.2", true},
		{"a.log.1", "a.log.3.gz", true},
		{"a.log.2.gz", "a.log.3.gz", true},
		{"a.log.2", "a.log.1", false},
		{"a.log", "a.log.1", false}, // a rotation, but not a further one
		{"a-1.log", "a-2.log", false},
		{"a1", "a2", false},
		{"a.log.20261123", "a.log.20261124", false},
		{"a.log.1", "b.log.2", false},
	} {
		if got := movedOn(c.was, c.name); got != c.want {
			t.Errorf("%s became %s: got %v, want %v", c.was, c.name, got, c.want)
		}
	}
}
