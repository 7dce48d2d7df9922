/*
 * news.c
 *		Notifications of what has happened to the spines of the database.
 *
 * Who pushes must not NOTIFY: all transactions of the cluster that do commit one
 * after the other.  They leave a flag in the registry instead, and the worker
 * sends what has come together.  Relies on the registry for the news.
 */
#include "worker/news.h"

#include "commands/async.h"

#include "state/registry.h"

#define NEWS_AT_ONCE 200

static SpineNews taken[NEWS_AT_ONCE];
static int	ntaken = 0;

bool
news_take(void)
{
	ntaken = registry_take_news(taken, NEWS_AT_ONCE);
	return ntaken > 0;
}

static const char *
payload(int news)
{
	static const char *const payloads[] = {
		[NEWS_UPPER] = "upper",
		[NEWS_REQUEST] = "request",
		[NEWS_UPPER | NEWS_REQUEST] = "upper,request",
		[NEWS_RESULT] = "result",
		[NEWS_UPPER | NEWS_RESULT] = "upper,result",
		[NEWS_REQUEST | NEWS_RESULT] = "request,result",
		[NEWS_UPPER | NEWS_REQUEST | NEWS_RESULT] = "upper,request,result",
	};

	return payloads[news];
}

void
news_send(void *arg)
{
	for (int i = 0; i < ntaken; i++)
	{
		char		channel[NAMEDATALEN];

		snprintf(channel, sizeof(channel), "spine_%u", taken[i].relid);
		Async_Notify(channel, payload(taken[i].news));
	}
}

void
news_put_back(void)
{
	for (int i = 0; i < ntaken; i++)
		(void) registry_add_news(taken[i].relid, taken[i].news);
}
