package stdout

import (
	"strconv"
	"time"

	"github.com/renthub/sluice/event"
)

// exit is how a run of the program ended.
type exit struct {
	code   int
	signal string        // what ended it, "killed"; "" if it ended by itself
	after  time.Duration // since it was started
	err    error         // why its end is not known
}

// exitLine stands in the stream as if the program had written it: a row takes
// bytes of its source.
const exitLine = "process exited"

// addExit adds the row that says how the program ended.
func (in *Input) addExit(b *event.Batch, e exit) {
	row := b.AddLine([]byte(exitLine), b.End, len(exitLine))
	b.End += int64(len(exitLine))
	row.Time = in.deps.Now().UnixNano()
	row.Flags = event.Whole // there is nothing to parse
	row.Severity = event.Info
	if e.code != 0 {
		row.Severity = event.Error
	}
	i := b.Len() - 1
	b.Set(i, "message", event.String, b.StoreString(exitLine))
	b.Set(i, "log.level", event.String, b.StoreString(row.Severity.String()))
	b.Set(i, "process.exit_code", event.Number, b.StoreString(strconv.Itoa(e.code)))
	if e.signal != "" {
		b.Set(i, "process.exit_signal", event.String, b.StoreString(e.signal))
	}
	b.Set(i, "process.uptime", event.Number, b.StoreString(strconv.FormatInt(int64(e.after.Seconds()), 10)))
	b.Set(i, "process.name", event.String, b.StoreString(title(in.config.Command[:1])))
}
