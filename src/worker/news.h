/*
 * news.h
 *		Notifications of what has happened to the spines of the database.
 */
#ifndef SPINE_WORKER_NEWS_H
#define SPINE_WORKER_NEWS_H

#include "postgres.h"

/* Takes what there is to tell, up to a limit; false if there is nothing. */
extern bool news_take(void);

/* Notifies whoever listens of it, when the transaction commits. */
extern void news_send(void *arg);

/* It could not be sent: another try, by this worker or the next, takes it again. */
extern void news_put_back(void);

#endif
