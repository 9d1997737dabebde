package file

import (
	"time"

	"github.com/renthub/sluice/event"
)

// key names a file of the archive.
type key struct {
	class string // as nameOf confines it
	day   int64  // days since 1970, UTC
}

const (
	suffix    = ".ndjson.gz"
	dayLayout = time.DateOnly
	dayMillis = 24 * 60 * 60 * 1000
	// firstTime is 1990-01-01 in milliseconds since 1970. Events said to be
	// older, or younger than tomorrow, have a wrong clock; they go to the day
	// on which they arrive.
	firstTime = 631152000000
)

// name is the file's path in the archive.
func (k key) name() string {
	return k.class + "/" + time.UnixMilli(k.day*dayMillis).UTC().Format(dayLayout) + suffix
}

// group are the documents of one file, by their index in the request.
type group struct {
	key  key
	docs []int
}

// maxGroups is how many files one request can go to: lines with forged times
// must not make a file, and a sync, each. Beyond it documents go to the day of
// their arrival.
const maxGroups = 64

// groups sorts the documents of a request by file.
type groups struct {
	list  []group
	names map[string]string // of classes as they came, by nameOf
}

func (g *groups) sort(docs []event.Doc, now time.Time) {
	g.list = g.list[:0]
	last := -1 // the group of the document before
	for i := range docs {
		k := key{g.class(docs[i].Retention), dayOf(docs[i].Time, now)}
		if last < 0 || g.list[last].key != k {
			last = g.find(k, now)
		}
		g.list[last].docs = append(g.list[last].docs, i)
	}
}

// find returns the index of k's group, making one.
func (g *groups) find(k key, now time.Time) int {
	today := key{k.class, now.UnixMilli() / dayMillis}
	if len(g.list) >= maxGroups && g.index(k) < 0 {
		k = today
	}
	if i := g.index(k); i >= 0 {
		return i
	}
	n := len(g.list)
	if n < cap(g.list) { // take up the memory of an earlier request's
		g.list = g.list[:n+1]
		g.list[n] = group{key: k, docs: g.list[n].docs[:0]}
		return n
	}
	g.list = append(g.list, group{key: k})
	return n
}

func (g *groups) index(k key) int {
	for i := range g.list {
		if g.list[i].key == k {
			return i
		}
	}
	return -1
}

// dayOf returns the day of an event's time.
func dayOf(ms int64, now time.Time) int64 {
	if arrived := now.UnixMilli(); ms < firstTime || ms > arrived+dayMillis {
		ms = arrived
	}
	return ms / dayMillis
}

// class returns the folder of a class. There are as many as the config has
// classes, and those of earlier configs.
func (g *groups) class(name string) string {
	folder, ok := g.names[name]
	if !ok {
		if g.names == nil || len(g.names) > maxGroups {
			g.names = map[string]string{}
		}
		folder = nameOf(name)
		g.names[name] = folder
	}
	return folder
}

// The folders of classes that have no name, and of those whose name is none
// for a folder.
const (
	unnamed  = "default"
	confined = "other"
)

// nameOf confines a class's name to what is safe as a folder's name anywhere.
func nameOf(class string) string {
	if class == "" {
		return unnamed
	}
	if len(class) > 64 || class[0] == '.' || class[0] == '-' || class[len(class)-1] == '.' {
		return confined
	}
	for _, c := range []byte(class) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
		default:
			return confined
		}
	}
	return class
}
