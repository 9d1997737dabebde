package file

import (
	"os"
	"testing"

	"github.com/renthub/sluice/outputs"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	defer closeArchive(t, a)
	for _, f := range a.Check(t.Context()) {
		if f.Status == outputs.CheckFailed || f.Detail == "" {
			t.Errorf("%s: got %v %q, want it well", f.Step, f.Status, f.Detail)
		}
	}
	if got := treeOfNames(t, dir); len(got) > 0 {
		t.Errorf("the check left %v", got)
	}
}

func TestCheckOfAFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	defer closeArchive(t, a)
	if err := os.MkdirAll(dir+"/"+probe+"/x", 0o700); err != nil { // a folder where the check's file belongs: root may write anywhere
		t.Fatal(err)
	}
	if got := a.Check(t.Context())[0]; got.Status != outputs.CheckFailed || got.Hint == "" {
		t.Errorf("got %+v, want a failure with a hint", got)
	}
}

func TestACheckFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	a := openAt(t, dir, deps(t))
	defer closeArchive(t, a)
	send(t, a, docAt(noon, "audit", 1))
	if err := os.Symlink(today, dir+"/"+probe); err != nil {
		t.Skip(err)
	}
	if got := a.Check(t.Context())[0]; got.Status != outputs.CheckPassed {
		t.Errorf("got %+v, want it well", got)
	}
	if got := lines(t, dir+"/"+today); len(got) != 1 {
		t.Errorf("today's file has %v, want its document", got)
	}
}
