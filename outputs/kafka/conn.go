package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// maxAnswer bounds an answer. The longest are of metadata, and we ask for few
// topics.
const maxAnswer = 16 << 20

// conn is one connection to a broker, past its log in. One goroutine uses it
// at a time.
type conn struct {
	net      net.Conn
	versions map[protocol.ApiKey]versionRange
	clientID string
	next     int32 // correlation id
	idleFrom time.Time
}

// versionRange is what a broker speaks of one kind of request.
type versionRange struct{ low, high int16 }

// errAnswerBroken means that what came is no answer to what was asked.
var errAnswerBroken = errors.New("the answer cannot be understood")

// newConn wraps a connection. Correlation ids begin anywhere, so that what is
// no Kafka broker does not hit the right one by chance: kafka-go reserves as
// much memory as lengths inside an answer say.
func newConn(c net.Conn, clientID string) *conn {
	return &conn{net: c, clientID: clientID, next: rand.Int32N(1 << 30)}
}

// roundTrip sends a request and reads its answer. After an error, or after
// ctx's end, the connection is of no use.
func (c *conn) roundTrip(ctx context.Context, msg protocol.Message) (protocol.Message, error) {
	version, err := c.version(msg.ApiKey())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.net.SetDeadline(time.Unix(1, 0)) }) // ends what blocks; it fails only on a closed one
	answer, err := c.exchange(version, msg)
	if !stop() && err == nil {
		err = ctx.Err() // the deadline is set, or will be
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return answer, err
}

func (c *conn) exchange(version int16, msg protocol.Message) (protocol.Message, error) {
	c.next = (c.next + 1) & (1<<31 - 1)
	if err := protocol.WriteRequest(c.net, version, c.next, c.clientID, msg); err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	frame, err := readFrame(c.net, c.next)
	if err != nil {
		return nil, err
	}
	if err := skim(msg.ApiKey(), version, frame[8:]); err != nil {
		return nil, err
	}
	_, answer, err := protocol.ReadResponse(bytes.NewReader(frame), msg.ApiKey(), version)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAnswerBroken, err)
	}
	return answer, nil
}

// readFrame reads an answer with its size before it.
func readFrame(r io.Reader, id int32) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < 4 || size > maxAnswer {
		return nil, fmt.Errorf("%w: its size is %d", errAnswerBroken, size)
	}
	if got := int32(binary.BigEndian.Uint32(head[4:])); got != id {
		return nil, fmt.Errorf("%w: it is to request %d, not %d", errAnswerBroken, got, id)
	}
	frame := bytes.NewBuffer(make([]byte, 0, min(int(size)+4, 64<<10)))
	frame.Write(head[:])
	if n, err := io.CopyN(frame, r, int64(size)-4); err != nil {
		return nil, fmt.Errorf("read answer: %d of %d bytes: %w", n+4, size, noEOF(err))
	}
	return frame.Bytes(), nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// version is the newest that both sides speak. kafka-go's own choice is one
// that the broker does not speak where there is none.
func (c *conn) version(key protocol.ApiKey) (int16, error) {
	if key == protocol.ApiVersions {
		return 0, nil
	}
	have, ok := c.versions[key]
	if !ok {
		return 0, &unsupported{fmt.Sprintf("the broker has no %v requests", key)}
	}
	_, newest := answerType(key)
	low, high := max(have.low, key.MinVersion()), min(have.high, key.MaxVersion(), newest)
	if low > high {
		return 0, &unsupported{fmt.Sprintf("the broker speaks versions %d to %d of %v requests, we %d to %d", have.low, have.high, key, key.MinVersion(), newest)}
	}
	return high, nil
}

// unsupported means that broker and agent are of too different age.
type unsupported struct{ text string }

func (e *unsupported) Error() string { return e.text }

func (c *conn) close() { _ = c.net.Close() } // nothing of ours is in it any more
