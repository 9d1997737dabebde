package lumberjack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zlib"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// sim is a strict server of the protocol, which does as it is told when a
// window arrives.
type sim struct {
	t        testing.TB
	listener net.Listener
	serving  sync.WaitGroup

	mu      sync.Mutex
	slow    bool       // guarded by mu; reads a byte at a time
	conns   []net.Conn // guarded by mu
	dialled int        // guarded by mu
	stored  []string   // guarded by mu; as they came
	windows []int      // guarded by mu; documents of each
	fault   reaction   // guarded by mu; of the next window
	always  reaction   // guarded by mu; of every window
}

// reaction answers a window. An error ends the connection.
type reaction func(s *sim, c net.Conn, docs []string) error

func newSim(t testing.TB) *sim {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sim{t: t, listener: l, always: takeAll}
	s.serving.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

func (s *sim) address() string { return s.listener.Addr().String() }

func (s *sim) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.dialled++
		s.mu.Unlock()
		s.serving.Go(func() {
			defer c.Close()
			for s.serve(c) == nil {
			}
		})
	}
}

// cut closes all connections.
func (s *sim) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

func (s *sim) close() {
	s.listener.Close()
	s.cut()
	s.serving.Wait()
}

// serve reads and answers one window.
func (s *sim) serve(c net.Conn) error {
	var r io.Reader = c
	if s.isSlow() {
		r = iotest.OneByteReader(c)
	}
	docs, err := readWindow(r)
	if err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrUnexpectedEOF) {
			s.t.Logf("server: %v", err)
		}
		return err
	}
	s.mu.Lock()
	s.windows = append(s.windows, len(docs))
	react := s.always
	if s.fault != nil {
		react, s.fault = s.fault, nil
	}
	s.mu.Unlock()
	return react(s, c, docs)
}

func (s *sim) isSlow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slow
}

// last is the newest connection.
func (s *sim) last() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[len(s.conns)-1]
}

// every sets what happens to every window.
func (s *sim) every(r reaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = r
}

// next sets what happens to the next window.
func (s *sim) next(r reaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = r
}

// store keeps documents.
func (s *sim) store(docs []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = append(s.stored, docs...)
}

// bare returns what is stored without @metadata.
func (s *sim) bare() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, doc := range s.stored {
		list = append(list, withoutMetadata(doc))
	}
	return list
}

func (s *sim) sizes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int(nil), s.windows...)
}

func (s *sim) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialled
}

// withoutMetadata takes off what the output put on.
func withoutMetadata(doc string) string {
	i := bytes.LastIndex([]byte(doc), []byte(`"@metadata":`))
	if i < 0 {
		return doc
	}
	return string(bytes.TrimSuffix([]byte(doc[:i]), []byte(","))) + "}"
}

func ack(c net.Conn, n int) error {
	b := binary.BigEndian.AppendUint32([]byte("2A"), uint32(n))
	for i := range b { // as slowly as it can be
		if _, err := c.Write(b[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

var errEnd = errors.New("the test ends this connection")

// The reactions.
func takeAll(s *sim, c net.Conn, docs []string) error {
	s.store(docs)
	return ack(c, len(docs))
}

func hangUp(*sim, net.Conn, []string) error { return errEnd }

func say(text string) reaction {
	return func(_ *sim, c net.Conn, _ []string) error {
		_, err := io.WriteString(c, text)
		return errors.Join(err, errEnd)
	}
}

// silent says nothing until the connection is closed.
func silent(_ *sim, c net.Conn, _ []string) error {
	_, err := io.Copy(io.Discard, c)
	return errors.Join(err, errEnd)
}

// acks takes the first n documents, says so, and ends the connection.
func acks(n int) reaction {
	return func(s *sim, c net.Conn, docs []string) error {
		s.store(docs[:min(n, len(docs))])
		return errors.Join(ack(c, n), errEnd)
	}
}

// readWindow reads a window as strictly as the protocol can be read.
func readWindow(r io.Reader) ([]string, error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:2]) != "2W" {
		return nil, fmt.Errorf("window begins with %q", head)
	}
	count := int(binary.BigEndian.Uint32(head[2:]))
	if count == 0 {
		return nil, errors.New("window of nothing")
	}
	var kind [2]byte
	if _, err := io.ReadFull(r, kind[:]); err != nil {
		return nil, noEnd(err)
	}
	if string(kind[:]) != "2C" {
		return readFrames(io.MultiReader(bytes.NewReader(kind[:]), r), count)
	}
	if _, err := io.ReadFull(r, head[:4]); err != nil {
		return nil, noEnd(err)
	}
	packed := make([]byte, binary.BigEndian.Uint32(head[:4]))
	if _, err := io.ReadFull(r, packed); err != nil {
		return nil, noEnd(err)
	}
	rest := bytes.NewReader(packed)
	z, err := zlib.NewReader(rest)
	if err != nil {
		return nil, err
	}
	docs, err := readFrames(z, count)
	if err != nil {
		return nil, err
	}
	if n, err := io.Copy(io.Discard, z); n > 0 || err != nil || rest.Len() > 0 {
		return nil, fmt.Errorf("%d bytes behind the last frame, %d behind zlib's end: %v", n, rest.Len(), err)
	}
	return docs, nil
}

func readFrames(r io.Reader, count int) (docs []string, err error) {
	var head [frameHeader]byte
	for i := range count {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, noEnd(err)
		}
		if string(head[:2]) != "2J" || binary.BigEndian.Uint32(head[2:6]) != uint32(i)+1 {
			return nil, fmt.Errorf("frame %d begins with %q", i+1, head)
		}
		doc := make([]byte, binary.BigEndian.Uint32(head[6:]))
		if _, err := io.ReadFull(r, doc); err != nil {
			return nil, noEnd(err)
		}
		if !jsonscan.Valid(doc) {
			return nil, fmt.Errorf("frame %d is no JSON: %q", i+1, doc)
		}
		docs = append(docs, string(doc))
	}
	return docs, nil
}

// noEnd is err, for a place where nothing may end.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// openTo opens an output that sends to a server.
func openTo(t testing.TB, d outputs.Deps, address string, change func(*Config)) *Output {
	t.Helper()
	c := defaults()
	c.Endpoints = endpoints.At(address)
	if change != nil {
		change(&c)
	}
	o, err := open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return o.(*Output)
}

// opened is an output that sends to s, and is closed at the test's end.
func opened(t *testing.T, s *sim, change func(*Config)) *Output {
	t.Helper()
	o := openTo(t, outputtest.Deps(t), s.address(), change)
	t.Cleanup(func() { o.Close() })
	return o
}
