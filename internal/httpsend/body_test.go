package httpsend

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"
)

func TestABodyReadsItsPartsInOrder(t *testing.T) {
	parts := [][]byte{[]byte("ab"), {}, []byte("c"), nil, []byte("defg")}
	if err := iotest.TestReader(NewBody(parts), []byte("abcdefg")); err != nil {
		t.Error(err)
	}
	if got := NewBody(parts).Size(); got != 7 {
		t.Errorf("size: got %d, want 7", got)
	}
	if got, err := io.ReadAll(NewBody(nil)); len(got) > 0 || err != nil {
		t.Errorf("no parts: got %q, %v, want nothing", got, err)
	}
}

func TestARewoundBodyBeginsAgain(t *testing.T) {
	b := NewBody([][]byte{[]byte("abc"), []byte("def")})
	if _, err := io.ReadFull(b, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	again, err := b.Rewind()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(again); string(got) != "abcdef" || err != nil {
		t.Errorf("got %q, %v, want all", got, err)
	}
}

// The race detector sees it if anything reads the parts after Release.
func TestAReleasedBodyIsNotRead(t *testing.T) {
	part := bytes.Repeat([]byte("x"), 1<<20)
	b := NewBody([][]byte{part})
	var wg sync.WaitGroup
	started := make(chan struct{})
	wg.Go(func() {
		buf := make([]byte, 512)
		for i := 0; ; i++ {
			if i == 1 {
				close(started)
			}
			if _, err := b.Read(buf); err != nil {
				return
			}
		}
	})
	<-started
	b.Release()
	clear(part)
	wg.Wait()
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, errReleased) {
		t.Errorf("read: got %v, want errReleased", err)
	}
	if _, err := b.Rewind(); !errors.Is(err, errReleased) {
		t.Errorf("rewind: got %v, want errReleased", err)
	}
}
