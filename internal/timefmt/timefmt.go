// Package timefmt writes times as documents carry them, and does the calendar
// arithmetic that reading and writing share, without allocating.
package timefmt

const day = 24 * 60 * 60

// AppendRFC3339 appends ns, nanoseconds since 1970, as an RFC 3339 time in UTC
// with milliseconds, or as many digits as it takes not to lose any.
func AppendRFC3339(dst []byte, ns int64) []byte {
	sec, frac := ns/1e9, ns%1e9
	if frac < 0 {
		sec, frac = sec-1, frac+1e9
	}
	days, clock := sec/day, sec%day
	if clock < 0 {
		days, clock = days-1, clock+day
	}
	y, m, d := Date(days)
	dst = append2(dst, y/100)
	dst = append2(dst, y%100)
	dst = append2(append(dst, '-'), m)
	dst = append2(append(dst, '-'), d)
	c := int(clock)
	dst = append2(append(dst, 'T'), c/3600)
	dst = append2(append(dst, ':'), c/60%60)
	dst = append2(append(dst, ':'), c%60)
	f := int(frac)
	dst = append3(append(dst, '.'), f/1e6)
	if f %= 1e6; f != 0 {
		dst = append3(dst, f/1e3)
		if f %= 1e3; f != 0 {
			dst = append3(dst, f)
		}
	}
	return append(dst, 'Z')
}

const pairs = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"

func append2(dst []byte, n int) []byte { return append(dst, pairs[2*n], pairs[2*n+1]) }

func append3(dst []byte, n int) []byte { return append2(append(dst, byte('0'+n/100)), n%100) }

// Days returns the days from 1970-01-01 to a date of the Gregorian calendar.
// The month is 1 to 12; the day is not checked.
//
// Years begin in March here, so that the leap day is the last: the month then
// tells the days before it by the formula (153*m+2)/5.
func Days(year, month, dayOfMonth int) int64 {
	m := month - 3
	if m < 0 {
		m += 12
		year--
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	inEra := year - era*400
	dayOfYear := (153*m+2)/5 + dayOfMonth - 1
	return int64(era*146097+inEra*365+inEra/4-inEra/100+dayOfYear) - 719468
}

// Date is the inverse of Days.
func Date(days int64) (year, month, dayOfMonth int) {
	days += 719468 // to 0000-03-01
	era := days / 146097
	if days < 0 {
		era = (days - 146096) / 146097
	}
	inEra := int(days - era*146097)
	yearOfEra := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	dayOfYear := inEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	dayOfMonth = dayOfYear - (153*m+2)/5 + 1
	year = yearOfEra + int(era)*400
	if month = m + 3; month > 12 {
		month -= 12
		year++
	}
	return year, month, dayOfMonth
}

// DaysIn returns the number of days of a month.
func DaysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
