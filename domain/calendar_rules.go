package domain

import "time"

// derivedHoliday returns the holiday that a day is in England and Wales by the rules (§ 4.4), for years that nobody has
// published. One-off holidays and one-off moves are not in them.
func derivedHoliday(d Date) (title string, is bool) {
	year, month, day := d.Civil()
	switch month {
	case time.January:
		if d == fromMonday(NewDate(year, time.January, 1)) {
			return "New Year's Day (by rule)", true
		}
	case time.March, time.April:
		switch easter := easterSunday(year); d {
		case easter - 2:
			return "Good Friday (by rule)", true
		case easter + 1:
			return "Easter Monday (by rule)", true
		}
	case time.May:
		if d.Weekday() == time.Monday && day <= 7 {
			return "Early May bank holiday (by rule)", true
		}
		if d.Weekday() == time.Monday && day > 24 {
			return "Spring bank holiday (by rule)", true
		}
	case time.August:
		if d.Weekday() == time.Monday && day > 24 {
			return "Summer bank holiday (by rule)", true
		}
	case time.December:
		switch christmas, boxing := christmasDays(year); d {
		case christmas:
			return "Christmas Day (by rule)", true
		case boxing:
			return "Boxing Day (by rule)", true
		}
	}
	return "", false
}

// fromMonday returns the day itself, or the Monday after it when it falls on a weekend.
func fromMonday(d Date) Date {
	for weekend(d) {
		d++
	}
	return d
}

// christmasDays returns the two days off at Christmas. Each of 25 and 26 December that falls on a weekend moves to the
// next weekday that is not already a holiday.
func christmasDays(year int) (christmas, boxing Date) {
	christmas, boxing = NewDate(year, time.December, 25), NewDate(year, time.December, 26)
	switch christmas.Weekday() {
	case time.Saturday: // Boxing Day is on Sunday: Monday 27 and Tuesday 28
		return christmas + 2, boxing + 2
	case time.Sunday: // Boxing Day is on Monday and stays there: Tuesday 27
		return christmas + 2, boxing
	case time.Friday: // Boxing Day is on Saturday: Monday 28
		return christmas, boxing + 2
	}
	return christmas, boxing
}

// easterSunday is the Gregorian computus in the form of Meeus, Jones and Butcher.
func easterSunday(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month := (h + l - 7*m + 114) / 31
	day := (h+l-7*m+114)%31 + 1
	return NewDate(year, time.Month(month), day)
}
