package file

import (
	"cmp"
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
	form    *form
	classes []outputs.Class
	log     *slog.Logger
	metrics metrics
}

// keepOf returns how long the files of a folder are kept, and false if it is
// none of a class of the config, or is kept for ever. Where two classes share
// a folder, the longer time holds.
func (k *keeper) keepOf(folders []string) (time.Duration, bool) {
	longest, found := time.Duration(0), false
	for _, c := range k.classes {
		if !k.form.matches(folders, c.Name) {
			continue
		}
		if c.Keep <= 0 {
			return 0, false
		}
		longest, found = max(longest, c.Keep), true
	}
	return longest, found
}

// expire deletes the files of which even the day's last event is older than
// its class is kept, after forget was called for each. An old event that came
// late is kept as long from when it came: a file that was written to since
// stays. A failure is logged, and met again in an hour.
func (k *keeper) expire(now time.Time, forget func(key)) { k.walk(nil, now, forget) }

// walk does it below a folder, given as the names on the way there.
func (k *keeper) walk(way []string, now time.Time, forget func(key)) {
	folder := strings.Join(way, "/")
	deepest := len(way) == len(k.form.segments)
	keep, ours := k.keepOf(way)
	if deepest && !ours {
		return
	}
	list, err := entries(k.root, cmp.Or(folder, "."))
	if err != nil {
		k.log.Warn("could not list an archive folder", "folder", folder, "error", err)
		return
	}
	left := len(list)
	for _, f := range list {
		switch {
		case deepest && f.Mode().IsRegular():
			if k.expireFile(folder, f, keep, now, forget) {
				left--
			}
		case !deepest && f.IsDir():
			k.walk(append(way[:len(way):len(way)], f.Name()), now, forget)
		}
	}
	if deepest && left == 0 && len(list) > 0 {
		k.prune(way)
	}
}

// expireFile deletes a file if it is one of ours and its days are over.
func (k *keeper) expireFile(folder string, f fs.FileInfo, keep time.Duration, now time.Time, forget func(key)) bool {
	day, _, ok := readName(f.Name())
	if !ok || now.Sub(day.AddDate(0, 0, 1)) < keep || now.Sub(f.ModTime()) < keep {
		return false
	}
	forget(key{folder, day.UnixMilli() / dayMillis})
	return k.remove(folder + "/" + f.Name())
}

func (k *keeper) remove(name string) bool {
	if err := k.root.Remove(name); err != nil {
		k.log.Warn("could not delete an expired archive file", "file", name, "error", err)
		return false
	}
	k.metrics.expired.Inc()
	k.log.Info("deleted an expired archive file", "file", name)
	return true
}

// prune removes folders that are empty now, where events name folders. One
// that is not empty stays: removing it fails.
func (k *keeper) prune(way []string) {
	for len(k.form.segments) > 1 && len(way) > 0 && k.root.Remove(strings.Join(way, "/")) == nil {
		way = way[:len(way)-1]
	}
}

// entries lists a folder of the archive, nothing if there is no such folder or
// a link stands in its place.
func entries(root *os.Root, folder string) ([]fs.FileInfo, error) {
	info, err := root.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := root.Open(folder)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	found, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var list []fs.FileInfo
	for _, e := range found {
		if info, err := e.Info(); err == nil { // one that is gone meanwhile is none
			list = append(list, info)
		}
	}
	return list, nil
}
