package cloudwatch

import (
	"slices"
	"time"
)

const day = 24 * time.Hour

// retentionDays are the days that a group can keep for. Beyond them there is
// only for ever.
var retentionDays = [...]int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// daysFor returns the days that keep a class for its time or the next longer
// one that the service has; 0 is for ever.
func daysFor(keep time.Duration) int32 {
	if keep <= 0 {
		return 0
	}
	days := (keep + day - 1) / day
	i := slices.IndexFunc(retentionDays[:], func(d int32) bool { return time.Duration(d) >= days })
	if i < 0 {
		return 0
	}
	return retentionDays[i]
}

// keepOf is what a number of days means; 0 is for ever.
func keepOf(days int32) time.Duration { return time.Duration(days) * day }
