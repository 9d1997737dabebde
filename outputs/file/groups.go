package file

import (
	"strconv"
	"strings"
	"time"

	"github.com/renthub/sluice/event"
)

// key names the files of a folder and day.
type key struct {
	folder string // below the archive's root
	day    int64  // days since 1970, UTC
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

// name is the path in the archive of one part of the day's documents. The
// first part, 0, has no number.
func (k key) name(part int) string {
	day := k.folder + "/" + time.UnixMilli(k.day*dayMillis).UTC().Format(dayLayout)
	if part == 0 {
		return day + suffix
	}
	return day + "." + strconv.Itoa(part) + suffix
}

// maxPart is the highest number of a part. What comes then stays in it.
const maxPart = 999_999

// readName returns the day and the part of a file that has a name of ours.
func readName(name string) (day time.Time, part int, ok bool) {
	text, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return time.Time{}, 0, false
	}
	text, number, numbered := strings.Cut(text, ".")
	if numbered {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > maxPart || strconv.Itoa(n) != number {
			return time.Time{}, 0, false
		}
		part = n
	}
	day, err := time.Parse(dayLayout, text)
	return day, part, err == nil
}

// group are the documents of one file, by their index in the request.
type group struct {
	key  key
	docs []int
}

// maxGroups is how many files of other days one request can go to: lines with
// forged times must not make a file, and a sync, each. Beyond it documents go
// to the day of their arrival.
const maxGroups = 64

// groups sorts the documents of a request by file.
type groups struct {
	folders *folders
	list    []group
	places  map[key]int // in list
}

func (g *groups) sort(docs []event.Doc, now time.Time) {
	g.list = g.list[:0]
	clear(g.places)
	last := -1 // the group of the document before
	for i := range docs {
		k := key{g.folders.of(&docs[i]), dayOf(docs[i].Time, now)}
		if last < 0 || g.list[last].key != k {
			last = g.find(k, now)
		}
		g.list[last].docs = append(g.list[last].docs, i)
	}
}

// find returns the index of k's group, making one.
func (g *groups) find(k key, now time.Time) int {
	i, ok := g.places[k]
	if !ok && len(g.list) >= maxGroups {
		k.day = now.UnixMilli() / dayMillis
		i, ok = g.places[k]
	}
	if ok {
		return i
	}
	n := len(g.list)
	g.places[k] = n
	if n < cap(g.list) { // take up the memory of an earlier request's
		g.list = g.list[:n+1]
		g.list[n] = group{key: k, docs: g.list[n].docs[:0]}
		return n
	}
	g.list = append(g.list, group{key: k})
	return n
}

// dayOf returns the day of an event's time.
func dayOf(ms int64, now time.Time) int64 {
	if arrived := now.UnixMilli(); ms < firstTime || ms > arrived+dayMillis {
		ms = arrived
	}
	return ms / dayMillis
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
	if isReserved(class) || len(class) > 64 || class[0] == '.' || class[0] == '-' || class[len(class)-1] == '.' {
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
