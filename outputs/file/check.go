package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/outputs"
)

const (
	fewBytes = 1 << 30 // left on the file system are worth a word
	noBytes  = 16 << 20
)

// probe is a file that a check makes and removes again.
const probe = ".sluice-doctor"

// Check implements outputs.Checker.
func (a *archive) Check(context.Context) []outputs.Finding {
	return []outputs.Finding{a.checkWritable(), a.checkSpace()}
}

// checkWritable writes a file and removes it: permissions alone do not tell,
// for a file system can be read-only or have its own rules.
func (a *archive) checkWritable() outputs.Finding {
	err := a.try()
	if err == nil {
		return outputs.Finding{Step: "write", Detail: a.root + " can be written to"}
	}
	f := outputs.Finding{Step: "write", Status: outputs.CheckFailed, Detail: err.Error(), Hint: "check the folder and who owns it, or set path to another"}
	if errors.Is(err, syscall.ENOSPC) {
		f.Hint = "make room: files are deleted when their class's days are over, see retention"
	}
	return f
}

func (a *archive) try() error {
	root := a.files.root
	_ = root.Remove(probe) // of a check that was killed
	f, err := root.OpenFile(probe, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make a file: %w", err)
	}
	_, err = f.Write([]byte("sluice doctor\n"))
	return errors.Join(err, f.Sync(), f.Close(), root.Remove(probe))
}

func (a *archive) checkSpace() outputs.Finding {
	f := outputs.Finding{Step: "space"}
	space, err := fsx.OS{}.Space(a.root)
	if err != nil {
		f.Status, f.Detail = outputs.CheckWarned, err.Error()
		f.Hint = "the room on the file system is not known"
		return f
	}
	f.Detail = fmt.Sprintf("%s of %s are free", inGiB(space.Free), inGiB(space.Total))
	switch {
	case space.Free < noBytes:
		f.Status = outputs.CheckFailed
	case space.Free < fewBytes || space.Free < space.Total/100:
		f.Status = outputs.CheckWarned
	default:
		return f
	}
	f.Hint = "make room, keep classes for less, or set path to a folder of another file system"
	return f
}

func inGiB(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
