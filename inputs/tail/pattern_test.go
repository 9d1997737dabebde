package tail

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatternsNameFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.log", "b.txt", "x/a.log", "x/y/b.log", "x/y/z/c.log", "w/a.log"} {
		path := filepath.Join(dir, name)
		if err := firstError(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..", filepath.Join(dir, "x/loop")); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		pattern string
		want    []string
	}{
		{"*.log", []string{"a.log"}},
		{"a.log", []string{"a.log"}},
		{"missing.log", nil},
		{"**/*.log", []string{"a.log", "w/a.log", "x/a.log", "x/y/b.log", "x/y/z/c.log"}},
		{"x/**/*.log", []string{"x/a.log", "x/y/b.log", "x/y/z/c.log"}},
		{"*/a.log", []string{"w/a.log", "x/a.log"}},
		{"x/y/**", []string{"x/y/b.log", "x/y/z/c.log"}},
		{"{x/y,w}/*.log", []string{"w/a.log", "x/y/b.log"}},
		{"{a,b}.{log,txt}", []string{"a.log", "b.txt"}},
		{"x/*/*/c.log", []string{"x/y/z/c.log"}},
	}
	for _, c := range cases {
		t.Run(c.pattern, func(t *testing.T) {
			ps, err := parsePattern(dir + "/" + c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range ps {
				p.walk(func(string, bool) {}, func(path string) {
					rel, _ := filepath.Rel(dir, path)
					got = append(got, filepath.ToSlash(rel))
					if !p.matchesFile(path) {
						t.Errorf("%s was found, but does not match", rel)
					}
					for up := filepath.Dir(path); len(up) >= len(p.base); up = filepath.Dir(up) {
						if !p.mayHold(up) {
							t.Errorf("%s was found, but %s may not hold it", rel, up)
						}
					}
				})
			}
			slices.Sort(got)
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A pod may swap a link at any moment: between being looked at and being opened.
func TestALinkThatIsSwappedNeverLeadsOut(t *testing.T) {
	dir := t.TempDir()
	logs, secret := filepath.Join(dir, "logs"), filepath.Join(dir, "secret.log")
	inside, link, next := filepath.Join(logs, "in.txt"), filepath.Join(logs, "a.log"), filepath.Join(logs, "next")
	if err := firstError(os.Mkdir(logs, 0o755), os.WriteFile(secret, []byte("secret"), 0o644), os.WriteFile(inside, []byte("inside"), 0o644)); err != nil {
		t.Fatal(err)
	}
	ps, err := parsePattern(logs + "/*.log")
	if err != nil {
		t.Fatal(err)
	}
	done, swapped := make(chan struct{}), make(chan error, 1)
	go func() {
		targets := []string{inside, secret, "in.txt", "../secret.log"}
		for i := 0; ; i++ {
			select {
			case <-done:
				swapped <- nil
				return
			default:
			}
			if err := firstError(os.Symlink(targets[i%len(targets)], next), os.Rename(next, link)); err != nil {
				swapped <- err
				return
			}
		}
	}()
	opened := 0
	for range 5000 {
		b, err := openBody(ps[0], link)
		if err != nil {
			continue
		}
		var text [6]byte
		if readFull(b, text[:], 0) == nil && string(text[:]) != "inside" {
			t.Fatalf("read %q", text)
		}
		opened++
		b.Close()
	}
	close(done)
	if err := <-swapped; err != nil {
		t.Fatal(err)
	}
	if opened == 0 {
		t.Error("never opened the file inside")
	}
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	p, err := parsePattern("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openBody(p[0], "/dev/null"); !errors.Is(err, errNotRegular) {
		t.Errorf("got %v, want %v", err, errNotRegular)
	}
}
