package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
)

// What the buffer's state holds of each source, two entries under its
// generation (8 bytes, big-endian):
//
//	"d" + generation: version 1 byte | input, name, stream (each length u, bytes)
//	"p" + generation: version 1 byte | end s | read bytes u | rows u | dropped rows u | lost bytes u | the input's own state
//
// The definition is written once; the position with each cut that touched the
// source.

const stateVersion = 1

// stateInterval is how often positions are written of sources of which lines
// were only dropped.
const stateInterval = time.Second

// sources are the positions of all sources and what was counted of each.
type sources struct {
	now func() time.Time

	mu      sync.Mutex
	known   map[uint64]*sourceState // guarded by mu
	held    map[string][]byte       // guarded by mu; entries that wait for a record
	written time.Time               // guarded by mu; when held entries went last
}

type sourceState struct {
	input, name, stream string
	end                 int64
	read, rows          uint64
	dropped, lost       uint64
	state               []byte
}

func newSources(state map[string][]byte, now func() time.Time) *sources {
	s := &sources{now: now, known: map[uint64]*sourceState{}, held: map[string][]byte{}}
	for key, val := range state {
		id, ok := sourceKey(key, 'd')
		if !ok {
			continue
		}
		var src sourceState
		if src.decodeDefinition(val) != nil || src.decodePosition(state["p"+key[1:]]) != nil {
			continue // a source that cannot be read back is a new source: repeats, no loss
		}
		s.known[id] = &src
	}
	return s
}

func sourceKey(key string, kind byte) (uint64, bool) {
	if len(key) != 9 || key[0] != kind {
		return 0, false
	}
	return binary.BigEndian.Uint64([]byte(key[1:])), true
}

// IsSource reports whether a key of the buffer's state is that of the
// definition of a source: there is one for each.
func IsSource(key string) bool {
	_, ok := sourceKey(key, 'd')
	return ok
}

func (s *sources) saved(input string) inputs.Positions {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := inputs.Positions{}
	for id, src := range s.known {
		if src.input == input {
			p[id] = inputs.Position{Name: src.name, Stream: src.stream, End: src.end, State: src.state}
		}
	}
	return p
}

// ends returns where each source goes on.
func (s *sources) ends() map[uint64]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := make(map[uint64]int64, len(s.known))
	for id, src := range s.known {
		ends[id] = src.end
	}
	return ends
}

// move is how the positions change with one cut. It takes effect once the cut
// is in the log: a cut that was refused is read again.
type move struct {
	entries    []buffer.Entry
	introduces bool                    // one of the sources is new
	after      map[uint64]*sourceState // nil where a source is forgotten
	held       []buffer.Entry          // of entries, those that had waited
}

// move prepares the state entries of a cut.
func (s *sources) move(cut []*event.Batch) *move {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &move{after: make(map[uint64]*sourceState, len(cut))}
	for _, b := range cut {
		m.add(b, s.known[b.Source.ID])
	}
	for i := range m.entries {
		delete(s.held, m.entries[i].Key)
	}
	for key, val := range s.held {
		m.held = append(m.held, buffer.Entry{Key: key, Value: val})
		m.introduces = m.introduces || key[0] == 'd' && val != nil
	}
	clear(s.held)
	m.entries = append(m.entries, m.held...)
	return m
}

// due reports whether positions may be written that bring no documents, and
// takes note if so.
func (s *sources) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.written) < stateInterval {
		return false
	}
	s.written = s.now()
	return true
}

// commit makes a move's positions the known ones.
func (s *sources) commit(m *move) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(m)
}

// hold is commit for a move whose entries wait for the next record.
func (s *sources) hold(m *move) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(m)
	for _, e := range m.entries {
		s.held[e.Key] = e.Value
	}
}

// abort puts back what a refused cut had taken along.
func (s *sources) abort(m *move) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range m.held {
		if _, newer := s.held[e.Key]; !newer {
			s.held[e.Key] = e.Value
		}
	}
}

func (s *sources) settle(m *move) {
	for id, src := range m.after {
		if src == nil {
			delete(s.known, id)
		} else {
			s.known[id] = src
		}
	}
}

// add adds what a batch changes; before is nil for a new source.
func (m *move) add(b *event.Batch, before *sourceState) {
	id := string(binary.BigEndian.AppendUint64(nil, b.Source.ID))
	if b.Done {
		m.after[b.Source.ID] = nil
		m.entries = append(m.entries, buffer.Entry{Key: "d" + id}, buffer.Entry{Key: "p" + id})
		return
	}
	src := sourceState{input: b.Source.Input, name: b.Source.Name, stream: b.Source.Stream, end: b.Start}
	if before != nil {
		src = *before
		src.name = b.Source.Name
	}
	m.after[b.Source.ID] = &src
	if before == nil || before.name != src.name {
		m.introduces = m.introduces || before == nil
		m.entries = append(m.entries, buffer.Entry{Key: "d" + id, Value: src.appendDefinition(nil)})
	}
	if b.Start > src.end {
		src.lost += uint64(b.Start - src.end)
	}
	src.end = b.End
	src.read += uint64(b.End - b.Start)
	src.rows += uint64(b.Len())
	for i := range b.Len() {
		if b.Row(i).Flags&event.Dropped != 0 {
			src.dropped++
		}
	}
	src.state = clone(b.State)
	m.entries = append(m.entries, buffer.Entry{Key: "p" + id, Value: src.appendPosition(nil)})
}

// flush returns the entries that wait.
func (s *sources) flush() []buffer.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var entries []buffer.Entry
	for key, val := range s.held {
		entries = append(entries, buffer.Entry{Key: key, Value: val})
	}
	clear(s.held)
	return entries
}

func (src *sourceState) appendDefinition(dst []byte) []byte {
	dst = append(dst, stateVersion)
	for _, t := range []string{src.input, src.name, src.stream} {
		dst = append(binary.AppendUvarint(dst, uint64(len(t))), t...)
	}
	return dst
}

func (src *sourceState) appendPosition(dst []byte) []byte {
	dst = append(dst, stateVersion)
	dst = binary.AppendVarint(dst, src.end)
	for _, n := range []uint64{src.read, src.rows, src.dropped, src.lost} {
		dst = binary.AppendUvarint(dst, n)
	}
	return append(dst, src.state...)
}

var errState = errors.New("unreadable state of a source")

func (src *sourceState) decodeDefinition(b []byte) error {
	if len(b) == 0 || b[0] != stateVersion {
		return fmt.Errorf("%w: definition version", errState)
	}
	b = b[1:]
	for _, t := range []*string{&src.input, &src.name, &src.stream} {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return fmt.Errorf("%w: definition cut", errState)
		}
		*t, b = string(b[k:k+int(n)]), b[k+int(n):]
	}
	return nil
}

func (src *sourceState) decodePosition(b []byte) error {
	if len(b) == 0 || b[0] != stateVersion {
		return fmt.Errorf("%w: position version", errState)
	}
	end, k := binary.Varint(b[1:])
	if k <= 0 || end < 0 {
		return fmt.Errorf("%w: position cut", errState)
	}
	src.end, b = end, b[1+k:]
	for _, n := range []*uint64{&src.read, &src.rows, &src.dropped, &src.lost} {
		v, k := binary.Uvarint(b)
		if k <= 0 {
			return fmt.Errorf("%w: position cut", errState)
		}
		*n, b = v, b[k:]
	}
	src.state = clone(b)
	return nil
}
