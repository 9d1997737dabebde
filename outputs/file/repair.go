package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// errDamaged means that a file has something that no crash of ours leaves
// behind: it is damaged in its middle, or not ours.
var errDamaged = errors.New("damaged")

// maxTorn is the longest tail that a torn write can be: a request is at most
// maxRequest, or one document.
const maxTorn = 64 << 20

// repair cuts off a torn tail and returns the length of what is whole. A file
// with whole frames behind the place is not cut, for they would be lost.
func (s *files) repair(f *os.File, name string) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size := info.Size()
	end, err := wholePrefix(f, size, !s.sync)
	if err != nil || end == size {
		return end, err
	}
	if size-end > maxTorn {
		return 0, errDamaged
	}
	more, err := frameBehind(f, end, size)
	if err != nil {
		return 0, err
	}
	if more {
		return 0, errDamaged
	}
	if err := f.Truncate(end); err != nil {
		return 0, fmt.Errorf("cut a torn tail: %w", err)
	}
	if err := s.syncFile(f); err != nil {
		return 0, err
	}
	s.metrics.torn.Add(float64(size - end))
	s.log.Warn("cut what a crash had torn from an archive file", "file", name, "bytes", size-end)
	return end, nil
}

// maxAside is how many damaged files of one day are kept apart.
const maxAside = 100

// setAside renames a damaged file, so that what is whole in it stays for a
// person and the day can go on in a new one.
func (s *files) setAside(name string) error {
	for n := 1; n <= maxAside; n++ {
		aside := fmt.Sprintf("%s.damaged-%d", strings.TrimSuffix(name, suffix), n)
		if _, err := s.root.Lstat(aside); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := s.root.Rename(name, aside); err != nil {
			return err
		}
		s.metrics.damaged.Inc()
		s.log.Error("set a damaged archive file aside", "file", name, "now", aside)
		return nil
	}
	return fmt.Errorf("set %s aside: there are %d already", name, maxAside)
}
