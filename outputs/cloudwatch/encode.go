package cloudwatch

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/klauspost/compress/gzip"

	"github.com/renthub/sluice/internal/jsonscan"
)

// encoder makes the bodies of PutLogEvents. The SDK would build a value for
// each event, copy each text twice and send the body as it is; this appends
// and compresses as it goes.
type encoder struct {
	raw  []byte // not yet compressed
	body bytes.Buffer
	gz   *gzip.Writer
}

// flushAt is how much is compressed at once, in bytes.
const flushAt = 64 << 10

func newEncoder() *encoder {
	e := &encoder{}
	gz, err := gzip.NewWriterLevel(&e.body, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	e.gz = gz
	return e
}

// encode makes the body of one call. It is valid until the next.
func (e *encoder) encode(group, stream string, items []item) ([]byte, error) {
	e.body.Reset()
	e.gz.Reset(&e.body)
	e.raw = appendHead(e.raw[:0], group, stream)
	for i := range items {
		if i > 0 {
			e.raw = append(e.raw, ',')
		}
		e.raw = appendEvent(e.raw, &items[i])
		if len(e.raw) < flushAt {
			continue
		}
		if err := e.flush(); err != nil {
			return nil, err
		}
	}
	e.raw = append(e.raw, "]}"...)
	if err := e.flush(); err != nil {
		return nil, err
	}
	if err := e.gz.Close(); err != nil {
		return nil, fmt.Errorf("compress request: %w", err)
	}
	return e.body.Bytes(), nil
}

func (e *encoder) flush() error {
	if _, err := e.gz.Write(e.raw); err != nil {
		return fmt.Errorf("compress request: %w", err)
	}
	e.raw = e.raw[:0]
	return nil
}

func appendHead(dst []byte, group, stream string) []byte {
	dst = append(dst, `{"logGroupName":`...)
	dst = jsonscan.AppendString(dst, []byte(group))
	dst = append(dst, `,"logStreamName":`...)
	dst = jsonscan.AppendString(dst, []byte(stream))
	return append(dst, `,"logEvents":[`...)
}

func appendEvent(dst []byte, it *item) []byte {
	dst = append(dst, `{"timestamp":`...)
	dst = strconv.AppendInt(dst, it.time, 10)
	dst = append(dst, `,"message":`...)
	dst = appendText(dst, it.text)
	return append(dst, '}')
}

// bodySetter puts our body in the place of the SDK's, before the request is
// signed.
type bodySetter struct{ body *payload }

// ID implements middleware.BuildMiddleware.
func (bodySetter) ID() string { return "SluiceBody" }

// HandleBuild implements middleware.BuildMiddleware.
func (b bodySetter) HandleBuild(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
	req, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return middleware.BuildOutput{}, middleware.Metadata{}, fmt.Errorf("set body of %T", in.Request)
	}
	req, err := req.SetStream(b.body)
	if err != nil {
		return middleware.BuildOutput{}, middleware.Metadata{}, fmt.Errorf("set body: %w", err)
	}
	req.ContentLength = b.body.size
	req.Header.Set("Content-Encoding", "gzip")
	// Only for a kept connection that turned out to be closed before anything
	// was written: net/http repeats a POST in no other case.
	req.GetBody = b.body.rewound
	in.Request = req
	return next.HandleBuild(ctx, in)
}
