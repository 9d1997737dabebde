package buffer

import (
	"os"
	"path/filepath"

	"github.com/renthub/sluice/internal/fsx"
)

// Report is what Verify found.
type Report struct {
	Segments  int
	Records   int
	Documents uint64
	Bytes     int64
	Lost      []Lost   // documents that were on disk and cannot be read
	BadState  int      // records whose documents are right and whose state is not
	Tail      int64    // bytes behind the end of the newest segment: what a crash cut off
	Snapshots []string // segments whose snapshot is damaged; older or newer ones make up for it
	Broken    []string // files named as segments that are none
	Foreign   []string // files that are not the log's
	Cursors   []string // cursor files that are damaged
}

// Verify reads everything in a folder and checks every checksum. It takes no lock and changes nothing.
func Verify(dir string) (Report, error) { return verify(fsx.OS{}, dir) }

func verify(fsys fsx.FS, dir string) (Report, error) {
	found, err := listSegments(fsys, dir)
	if err != nil {
		return Report{}, err
	}
	saved, badCursors, err := readCursors(fsys, filepath.Join(dir, cursorsName))
	if err != nil {
		return Report{}, err
	}
	out := Report{Broken: found.broken, Foreign: found.foreign, Cursors: badCursors, Segments: len(found.segments)}
	var proof uint64
	for _, c := range saved {
		proof = max(proof, c.taken.last())
	}
	for i, s := range found.segments {
		out.Bytes += s.disk
		if _, err := readSnapshot(fsys, dir, s); err != nil {
			out.Snapshots = append(out.Snapshots, s.name)
		}
		newest := i == len(found.segments)-1
		if err := out.segment(fsys, dir, s, proof, newest); err != nil {
			return out, err
		}
		if i > 0 {
			if lost, ok := missingBetween(found.segments[i-1], s); ok {
				out.Lost = append(out.Lost, lost)
			}
		}
	}
	return out, nil
}

// segment checks one segment.
func (r *Report) segment(fsys fsx.FS, dir string, s *segment, proof uint64, newest bool) error {
	f, err := fsys.OpenFile(filepath.Join(dir, s.name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := examine(f, s, proof, newest)
	if err != nil {
		return err
	}
	for _, p := range w.pieces {
		if !p.record || p.end > w.size {
			continue
		}
		r.Records++
		r.Documents += uint64(p.count)
		if !p.whole && p.documents {
			r.BadState++
		}
	}
	for _, lost := range w.lost {
		r.Documents -= min(lost.Count, r.Documents)
	}
	r.Lost = append(r.Lost, w.lost...)
	if newest {
		r.Tail += s.disk - w.size
	}
	s.end = max(s.end, w.end)
	return nil
}
