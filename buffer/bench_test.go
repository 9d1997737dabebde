package buffer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/renthub/sluice/buffer"
)

const (
	rawBlock    = 370 << 10 // bytes of documents in a block; the figures are of these
	storedBlock = 70 << 10  // what they take compressed
	blockDocs   = rawBlock / 575
)

// block is a block as the pipeline makes it: a compressed body cannot be told from noise.
func block() (body, index []byte) {
	rng := rand.New(rand.NewPCG(1, 2))
	return noise(rng, storedBlock), noise(rng, 8*blockDocs)
}

func openBench(b *testing.B, o buffer.Options) *buffer.Log {
	b.Helper()
	o.Dir, o.MaxSize = b.TempDir(), 1<<40
	l, err := buffer.Open(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

func BenchmarkAppend(b *testing.B) {
	body, index := block()
	l := openBench(b, buffer.Options{})
	ctx := context.Background()
	b.SetBytes(rawBlock)
	b.ReportAllocs()
	for b.Loop() {
		r := &buffer.Record{
			Count: blockDocs, Index: index, Body: body,
			State: []buffer.Entry{{Key: "/var/log/app.log", Value: index[:64]}},
		}
		if _, err := l.Append(ctx, []*buffer.Record{r}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCatchUp(b *testing.B) {
	body, index := block()
	l := openBench(b, buffer.Options{HotBytes: 1, History: buffer.History{Size: 1 << 40}})
	ctx := context.Background()
	const records = 2000
	for range records {
		r := &buffer.Record{Count: blockDocs, Index: index, Body: body}
		if _, err := l.Append(ctx, []*buffer.Record{r}); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Sync(ctx); err != nil {
		b.Fatal(err)
	}
	var c *buffer.Cursor
	b.SetBytes(rawBlock)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%records == 0 {
			var err error
			if c, err = l.Cursor(fmt.Sprint(n), buffer.CursorOptions{From: buffer.Oldest, Volatile: true}); err != nil {
				b.Fatal(err)
			}
		}
		item, err := c.Next(ctx)
		if err != nil {
			b.Fatal(err)
		}
		c.Ack(item.First, uint64(item.Count))
	}
}

func BenchmarkFollow(b *testing.B) {
	body, index := block()
	l := openBench(b, buffer.Options{})
	ctx := context.Background()
	c, err := l.Cursor("main", buffer.CursorOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(rawBlock)
	b.ReportAllocs()
	for b.Loop() {
		r := &buffer.Record{Count: blockDocs, Index: index, Body: body}
		if _, err := l.Append(ctx, []*buffer.Record{r}); err != nil {
			b.Fatal(err)
		}
		item, err := c.Next(ctx)
		if err != nil {
			b.Fatal(err)
		}
		c.Ack(item.First, uint64(item.Count))
	}
}
