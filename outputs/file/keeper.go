package file

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/renthub/sluice/outputs"
)

// keeper deletes the files whose days are over.
type keeper struct {
	root    *os.Root
	keep    map[string]time.Duration // by folder; what is not there, or 0, is kept for ever
	log     *slog.Logger
	metrics metrics
}

// keepOf returns how long each folder's files are kept. Where two classes
// share a folder, the longer time holds.
func keepOf(classes []outputs.Class) map[string]time.Duration {
	keep := map[string]time.Duration{}
	for _, c := range classes {
		folder := nameOf(c.Name)
		if old, ok := keep[folder]; ok && (old == 0 || c.Keep != 0 && c.Keep < old) {
			continue
		}
		keep[folder] = c.Keep
	}
	return keep
}

// expire deletes the files of which even the day's last event is older than
// its class is kept, after forget was called for each. An old event that came
// late is kept as long from when it came: a file that was written to since
// stays. A failure is logged, and met again in an hour.
func (k *keeper) expire(now time.Time, forget func(key)) {
	for folder, keep := range k.keep {
		if keep <= 0 {
			continue
		}
		files, err := k.list(folder)
		if err != nil {
			k.log.Warn("could not list an archive folder", "folder", folder, "error", err)
			continue
		}
		for _, f := range files {
			day, ok := dayOfName(f.Name())
			if !ok || now.Sub(day.AddDate(0, 0, 1)) < keep || now.Sub(f.ModTime()) < keep {
				continue
			}
			forget(key{folder, day.UnixMilli() / dayMillis})
			k.remove(folder + "/" + f.Name())
		}
	}
}

func (k *keeper) remove(name string) {
	if err := k.root.Remove(name); err != nil {
		k.log.Warn("could not delete an expired archive file", "file", name, "error", err)
		return
	}
	k.metrics.expired.Inc()
	k.log.Info("deleted an expired archive file", "file", name)
}

// list returns the regular files of a folder, none if there is no
// such folder or a link stands in its place.
func (k *keeper) list(folder string) ([]fs.FileInfo, error) {
	info, err := k.root.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := k.root.Open(folder)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() { // one that is gone meanwhile is no file either
			files = append(files, info)
		}
	}
	return files, nil
}

// dayOfName returns the day of a file that has a name of ours.
func dayOfName(name string) (time.Time, bool) {
	text, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return time.Time{}, false
	}
	day, err := time.Parse(dayLayout, text)
	return day, err == nil
}
