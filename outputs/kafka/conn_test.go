package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// peer is a connection to somebody who answers one request with what answer
// makes of its number.
func peer(t *testing.T, answer func(id uint32) []byte) *conn {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		head := make([]byte, 12)
		if _, err := io.ReadFull(theirs, head); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, theirs, int64(binary.BigEndian.Uint32(head))-8); err != nil {
			return
		}
		_, _ = theirs.Write(answer(binary.BigEndian.Uint32(head[8:])))
		_, _ = io.Copy(io.Discard, theirs) // until the other end closes
	}()
	t.Cleanup(func() {
		_, _ = ours.Close(), theirs.Close()
		<-done
	})
	c := newConn(ours, "test")
	c.versions = map[protocol.ApiKey]versionRange{protocol.Metadata: {0, 8}}
	return c
}

// framed is an answer with its size and number.
func framed(size, id uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, size)
	return append(binary.BigEndian.AppendUint32(b, id), body...)
}

func TestAnswersThatAreNone(t *testing.T) {
	whole, _ := frameOf(t, &metadata.Response{ControllerID: 1})
	body := whole[8:]
	for _, c := range []struct {
		name   string
		answer func(id uint32) []byte
		want   error
	}{
		{"a whole one", func(id uint32) []byte { return framed(uint32(len(body)+4), id, body) }, nil},
		{"to another request", func(id uint32) []byte { return framed(uint32(len(body)+4), id+1, body) }, errAnswerBroken},
		{"longer than any", func(id uint32) []byte { return framed(maxAnswer+1, id, body) }, errAnswerBroken},
		{"of a negative length", func(id uint32) []byte { return framed(1<<31, id, body) }, errAnswerBroken},
		{"without a number", func(id uint32) []byte { return framed(3, id, body) }, errAnswerBroken},
		{"with more topics than there can be", func(id uint32) []byte {
			return framed(15, id, []byte{0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3})
		}, errAnswerBroken},
		{"with something behind it", func(id uint32) []byte { return framed(uint32(len(body)+5), id, append(body[:len(body):len(body)], 0)) }, errAnswerBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := peer(t, c.answer).roundTrip(ctx, &metadata.Request{TopicNames: []string{"logs"}})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRoundTripEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := peer(t, func(uint32) []byte { cancel(); return nil })
	start := time.Now()
	_, err := c.roundTrip(ctx, &metadata.Request{TopicNames: []string{"logs"}})
	if !errors.Is(err, context.Canceled) || time.Since(start) > time.Second {
		t.Errorf("got %v after %v, want that it was cancelled, at once", err, time.Since(start))
	}
}

func TestVersionsThatDoNotMeet(t *testing.T) {
	c := newConn(nil, "test")
	c.versions = map[protocol.ApiKey]versionRange{protocol.Produce: {9, 13}, protocol.Metadata: {0, 13}}
	var old *unsupported
	if _, err := c.version(protocol.Produce); !errors.As(err, &old) {
		t.Errorf("produce: got %v, want that it is not supported", err)
	}
	if _, err := c.version(protocol.CreateTopics); !errors.As(err, &old) {
		t.Errorf("create topics: got %v, want that it is not supported", err)
	}
	if got, err := c.version(protocol.Metadata); err != nil || got != 8 {
		t.Errorf("metadata: got %d, %v, want 8", got, err)
	}
}
