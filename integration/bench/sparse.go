package bench

import (
	"bytes"
	"io/fs"

	"github.com/renthub/sluice/internal/fsx"
)

// sparseFS is the machine's file system, but that pages of zeros are not
// written, and nothing is synced: a log of 100 GB takes some MB.
type sparseFS struct{ fsx.OS }

type sparseFile struct{ fsx.File }

// OpenFile implements fsx.FS.
func (s sparseFS) OpenFile(name string, flag int, perm fs.FileMode) (fsx.File, error) {
	f, err := s.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return sparseFile{f}, nil
}

// Sync implements fsx.File.
func (sparseFile) Sync() error { return nil }

const page = 4096

var zeros [64 * page]byte

// WriteAt implements io.WriterAt.
func (f sparseFile) WriteAt(p []byte, off int64) (int, error) {
	for done := 0; done < len(p); {
		// The last piece is written whatever it holds, for the file's length.
		rest := len(p) - done
		n := min(len(zeros), rest)
		if rest > len(zeros) && bytes.Equal(p[done:done+n], zeros[:]) {
			done += n
			continue
		}
		wrote, err := f.File.WriteAt(p[done:done+n], off+int64(done))
		done += wrote
		if err != nil {
			return done, err
		}
	}
	return len(p), nil
}
