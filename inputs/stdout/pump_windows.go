package stdout

import (
	"io"
	"os"
	"sync"
	"time"
)

// pump reads a file that can neither be waited for nor interrupted: a
// goroutine reads ahead, one piece. It ends when the file does, or is closed
// during no read; one that waits for standard input ends with the process.
type pump struct {
	f           *os.File
	pieces      chan []byte // closed at the end
	back        chan []byte // the memory of a piece that was taken
	rest        []byte
	interrupted chan struct{}
	once        sync.Once
}

const pieceSize = 64 << 10

func newPump(f *os.File) *pump {
	p := &pump{f: f, pieces: make(chan []byte), back: make(chan []byte, 1), interrupted: make(chan struct{})}
	p.back <- make([]byte, pieceSize)
	go p.read()
	return p
}

func (p *pump) read() {
	defer close(p.pieces)
	for {
		var piece []byte
		select {
		case piece = <-p.back:
		case <-p.interrupted:
			return
		}
		n, err := p.f.Read(piece[:cap(piece)])
		if n > 0 {
			select {
			case p.pieces <- piece[:n]:
			case <-p.interrupted:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *pump) ReadUntil(b []byte, until time.Time) (int, error) {
	if len(p.rest) == 0 {
		piece, err := p.next(until)
		if err != nil {
			return 0, err
		}
		p.rest = piece
	}
	n := copy(b, p.rest)
	if p.rest = p.rest[n:]; len(p.rest) == 0 {
		p.back <- make([]byte, pieceSize)
	}
	return n, nil
}

func (p *pump) next(until time.Time) ([]byte, error) {
	var late <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case piece, ok := <-p.pieces:
		if !ok {
			return nil, io.EOF
		}
		return piece, nil
	case <-late:
		return nil, os.ErrDeadlineExceeded
	case <-p.interrupted:
		return nil, errInterrupted
	}
}

func (p *pump) Interrupt() { p.once.Do(func() { close(p.interrupted) }) }

func (p *pump) Close() error {
	p.Interrupt()
	if p.f == os.Stdin {
		return nil
	}
	return p.f.Close()
}
