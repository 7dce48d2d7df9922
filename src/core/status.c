/*
 * status.c
 *		Filling in a CoreError.  Relies on nothing but the C library.
 */
#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

Status
core_error(CoreError *err, Status status, const char *message,
		   const char *detail,...)
{
	va_list		args;

	err->status = status;
	snprintf(err->message, sizeof(err->message), "%s", message);
	err->detail[0] = '\0';
	if (detail != NULL)
	{
		va_start(args, detail);
		vsnprintf(err->detail, sizeof(err->detail), detail, args);
		va_end(args);
	}
	return status;
}
