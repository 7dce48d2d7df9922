/*
 * sum_marks.h
 *		Rows of native tables that add up, beside rows that are changed or locked.
 */
#ifndef SPINE_AM_SUM_MARKS_H
#define SPINE_AM_SUM_MARKS_H

extern void sum_marks_install(void);

#endif
