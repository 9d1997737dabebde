package tail

import (
	"io"
	"os"
)

// fileID is what the system calls a file, whatever its names.
type fileID struct{ dev, ino uint64 }

// body is an open file that holds a generation's content: as it is, or compressed.
type body struct {
	id   fileID
	file *os.File
	zip  *gunzip // not nil if the file is compressed; offsets are then those of the content
}

// openBody opens the file at path.
func openBody(p *pattern, path string) (*body, error) {
	f, info, err := p.open(path)
	if err != nil {
		return nil, err
	}
	id, _, ok := identify(info, f)
	if !ok {
		f.Close()
		return nil, errNotRegular
	}
	b := &body{id: id, file: f}
	if isGzip(f) { // whatever its name is
		b.zip = newGunzip(f)
	}
	return b, nil
}

// ReadAt reads content as io.ReaderAt does. Of compressed content it can go back only to where the last read began,
// without reading all again from its start.
func (b *body) ReadAt(p []byte, off int64) (int, error) {
	if b.zip != nil {
		return b.zip.ReadAt(p, off)
	}
	return b.file.ReadAt(p, off)
}

// size is the number of bytes of a plain file. Of compressed ones it is not known.
func (b *body) size() (int64, error) {
	if b.zip != nil {
		return -1, nil
	}
	info, err := b.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// deleted reports whether the file has no name any more.
func (b *body) deleted() bool {
	info, err := b.file.Stat()
	if err != nil {
		return true
	}
	_, names, ok := identify(info, b.file)
	return ok && names == 0
}

// Close closes the file.
func (b *body) Close() error { return b.file.Close() }

var _ io.ReaderAt = (*body)(nil)
