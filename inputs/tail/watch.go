package tail

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
	"github.com/prometheus/client_golang/prometheus"
)

// watches are the folders whose changes the system reports. What it reports is a hint and never more: overflowing queues,
// network file systems and used up limits make it incomplete, so that all is polled as well, only less often.
type watches struct {
	watcher  *fsnotify.Watcher // nil if the system gives none
	dirs     map[string]fileID // folders with a watch, and which folder was there then
	polled   map[string]bool   // folders for which there was no watch left
	logger   *slog.Logger
	gauge    prometheus.Gauge
	complain bool
}

func newWatches(open func() (*fsnotify.Watcher, error), logger *slog.Logger, gauge prometheus.Gauge) *watches {
	ws := &watches{dirs: map[string]fileID{}, polled: map[string]bool{}, logger: logger, gauge: gauge, complain: true}
	var err error
	if ws.watcher, err = open(); err != nil {
		ws.failed(err)
	}
	return ws
}

func (ws *watches) close() {
	if ws.watcher != nil {
		ws.watcher.Close()
	}
}

// events returns the channels to listen on; they are nil if there is no watcher.
func (ws *watches) events() (chan fsnotify.Event, chan error) {
	if ws.watcher == nil {
		return nil, nil
	}
	return ws.watcher.Events, ws.watcher.Errors
}

// add watches a folder, or the nearest one above it that is there. It must be listed afterwards, since what was made in it
// before is not reported.
func (ws *watches) add(dir string) {
	for {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() {
			ws.arm(dir, info)
			return
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return
		}
		dir = parent
	}
}

func (ws *watches) arm(dir string, info os.FileInfo) {
	id, _, _ := identify(info, nil)
	old, ok := ws.dirs[dir]
	if ok && old == id {
		return
	}
	if ws.watcher == nil {
		ws.polled[dir] = true
		ws.gauge.Set(float64(len(ws.polled)))
		return
	}
	if ok { // another folder of that name
		_ = ws.watcher.Remove(dir) // it may have gone with the old folder
	}
	if err := ws.watcher.Add(dir); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		ws.polled[dir] = true
		ws.failed(err)
		return
	}
	ws.dirs[dir] = id
	delete(ws.polled, dir)
	ws.gauge.Set(float64(len(ws.polled)))
}

// failed says once that folders are polled.
func (ws *watches) failed(err error) {
	ws.gauge.Set(float64(len(ws.polled)))
	if ws.complain {
		ws.complain = false
		ws.logger.Warn("folders cannot be watched and are polled instead; see fs.inotify.max_user_watches and max_user_instances", "error", err)
	}
}

// forget takes note that a folder went, with its watch.
func (ws *watches) forget(dir string) bool {
	if _, ok := ws.dirs[dir]; !ok {
		return false
	}
	delete(ws.dirs, dir)
	_ = ws.watcher.Remove(dir) // a renamed folder keeps its watch, under a name that is wrong now
	return true
}
