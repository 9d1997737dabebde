package lumberjack

import (
	"encoding/binary"
	"fmt"

	protocol "github.com/elastic/go-lumber/protocol/v2"
	"github.com/klauspost/compress/zlib"

	"github.com/renthub/sluice/event"
)

// frameHeader is the length of a document's header: version, type, number and
// length.
const frameHeader = 10

// maxKept is the largest buffer whose memory is kept for the next window.
const maxKept = 4 << 20

// frames makes the bytes of windows, in the same memory again and again. It
// belongs to one connection.
//
// This is go-lumber's format and not its client: that one makes a compressor
// for each window and three small objects for each document.
type frames struct {
	meta metadata
	zip  *zlib.Writer // nil without compression
	out  output
	doc  []byte // scratch
}

type output struct{ b []byte }

func (o *output) Write(p []byte) (int, error) {
	o.b = append(o.b, p...)
	return len(p), nil
}

func newFrames(meta metadata, level int) (*frames, error) {
	f := &frames{meta: meta}
	if level == 0 {
		return f, nil
	}
	var err error
	if f.zip, err = zlib.NewWriterLevel(&f.out, level); err != nil {
		return nil, fmt.Errorf("make a compressor: %w", err)
	}
	return f, nil
}

// window returns the bytes of a window of docs. They are valid until the next
// call.
func (f *frames) window(docs []event.Doc) ([]byte, error) {
	if cap(f.out.b) > maxKept {
		f.out.b = nil
	}
	f.out.b = append(f.out.b[:0], protocol.CodeVersion, protocol.CodeWindowSize)
	f.out.b = binary.BigEndian.AppendUint32(f.out.b, uint32(len(docs)))
	if f.zip == nil {
		for i := range docs {
			f.out.b = f.appendFrame(f.out.b, i, &docs[i])
		}
		return f.out.b, nil
	}
	f.out.b = append(f.out.b, protocol.CodeVersion, protocol.CodeCompressed, 0, 0, 0, 0)
	begin := len(f.out.b)
	f.zip.Reset(&f.out)
	for i := range docs {
		if cap(f.doc) > maxKept {
			f.doc = nil
		}
		f.doc = f.appendFrame(f.doc[:0], i, &docs[i])
		if _, err := f.zip.Write(f.doc); err != nil {
			return nil, fmt.Errorf("compress: %w", err)
		}
	}
	if err := f.zip.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	binary.BigEndian.PutUint32(f.out.b[begin-4:], uint32(len(f.out.b)-begin))
	return f.out.b, nil
}

// appendFrame appends the frame of document i of a window.
func (f *frames) appendFrame(dst []byte, i int, d *event.Doc) []byte {
	dst = append(dst, protocol.CodeVersion, protocol.CodeJSONDataFrame)
	dst = binary.BigEndian.AppendUint32(dst, uint32(i)+1)
	dst = append(dst, 0, 0, 0, 0)
	begin := len(dst)
	dst = f.meta.append(dst, d)
	binary.BigEndian.PutUint32(dst[begin-4:], uint32(len(dst)-begin))
	return dst
}
