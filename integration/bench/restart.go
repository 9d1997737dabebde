package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/renthub/sluice/buffer"
)

const (
	backlogSegments = 1600 // of 64 MiB: 107 GB
	segmentBytes    = 64 << 20
)

// measureRestart takes the time from exec to the first document with 100 GB of
// undelivered data in the buffer. An agent without a sink leaves some real
// data; behind it come sealed segments that hold nothing but zeros, made by the
// buffer itself on a file system that leaves holes. The first documents to be
// delivered are the real ones, and then the agent is killed.
func (r *runner) measureRestart(ctx context.Context, run *Measurement) (err error) {
	m, err := r.newMeasured(ctx, run.Workload, "json", JSONLines{})
	if err != nil {
		return err
	}
	m.config.limits = `max_size = "1TiB"`
	m.config.shutdown = time.Second
	if err := m.config.write(); err != nil {
		return err
	}
	if err := r.sink.shut(ctx); err != nil {
		return err
	}
	defer func() { err = firstError(err, r.sink.open(context.WithoutCancel(ctx))) }()
	if err := m.leaveData(ctx); err != nil {
		return err
	}
	size, err := m.addBacklog(ctx, backlogSegments)
	if err != nil {
		return err
	}
	if err := r.sink.open(ctx); err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return err
	}
	defer func() { err = firstError(err, m.kill()) }()
	first, err := m.firstRequest(ctx)
	if err != nil {
		return err
	}
	run.FirstDoc = first.Sub(m.agent.began)
	run.Notes = append(run.Notes, fmt.Sprintf("%d sealed segments, %.0f GB", backlogSegments, float64(size)/1e9))
	return run.readAgent(m)
}

// leaveData lets an agent buffer some lines that nobody takes, and ends it.
func (m *measured) leaveData(ctx context.Context) error {
	if err := m.writer.open(m.config.logs(), "", 1); err != nil {
		return err
	}
	if err := m.writer.bulk(30 << 20); err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return err
	}
	for last, since := int64(-1), time.Now(); time.Since(since) < 2*time.Second; {
		size, err := folderBytes(m.config.data())
		if err != nil {
			return err
		}
		if size != last {
			last, since = size, time.Now()
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	if err := m.agent.stop(40 * time.Second); err != nil {
		return fmt.Errorf("end the agent that leaves data: %w; it says: %s", err, m.agentLog())
	}
	return nil
}

// addBacklog appends sealed segments and returns the log's size. The cursors of
// the agent that left the data hold them.
func (m *measured) addBacklog(ctx context.Context, segments int) (size int64, err error) {
	log, err := buffer.Open(buffer.Options{Dir: m.config.data(), FS: sparseFS{}, MaxSize: 1 << 40, MinFree: -1, Ballast: -1})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	const perSegment = 4
	body := make([]byte, segmentBytes/perSegment-64<<10)
	now := time.Now().UnixMilli()
	for range segments * perSegment {
		record := &buffer.Record{Count: 80_000, MinTime: now, MaxTime: now, Body: body}
		if _, err := log.Append(ctx, []*buffer.Record{record}); err != nil {
			return 0, fmt.Errorf("append to the backlog: %w", err)
		}
	}
	return log.Stats().Bytes, nil
}

// firstRequest waits for the first request at the sink.
func (m *measured) firstRequest(ctx context.Context) (time.Time, error) {
	began := time.Now()
	for {
		p, err := m.runner.sink.progress(ctx)
		switch {
		case err != nil:
			return time.Time{}, err
		case p.Requests > 0:
			return time.Unix(0, p.First), nil
		case time.Since(began) > stallLimit:
			return time.Time{}, fmt.Errorf("nothing came within %s; the agent says: %s", stallLimit, m.agentLog())
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return time.Time{}, err
		}
	}
}

// kill ends the agent at once and removes what it left.
func (m *measured) kill() error {
	m.writer.close()
	m.agent.cmd.Process.Kill()
	<-m.agent.exited
	if m.runner.KeepDir {
		return nil
	}
	return os.RemoveAll(m.config.dir)
}

func folderBytes(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := e.Info(); err == nil && e.Type().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size, err
}
