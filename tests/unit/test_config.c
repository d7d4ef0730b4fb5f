/* The configuration: what the shipped files mean, and for each kind of mistake one file of tests/config/bad whose first
 * lines say, as "# expect LINE: KEY: TEXT", every error that reading it must give. Run from the top of the repository.
 */
#include "tests/unit/config_world.h"

/* ---- shipped files ------------------------------------------------------------------------------------------------
 */

static void test_shipped_bedside(void **state)
{
	(void)state;
	read_good("etc/vitalsd.conf");
	assert_string_equal(config.engine.bedside, "room-1");
	assert_string_equal(config.syslog_ident, "vitalsd");
	assert_string_equal(config.syslog_socket, "/dev/log");
	assert_int_equal(config.realtime_priority, 0);
	assert_string_equal(config.publish.endpoints[0], "ipc:///run/vitalsd/room-1/publish");
	assert_false(config.publish.curve);
	assert_int_equal(config.link_count, 3);
	assert_int_equal(config.device_count, 3);
	assert_int_equal(config.engine.device_count, 3);
	assert_int_equal(config.map_count, 2);

	const struct link_config *serial = &config.links[0], *bus = &config.links[1], *tcp = &config.links[2];
	assert_int_equal(serial->type, LINK_SERIAL);
	assert_int_equal(serial->line.baud, 9600); /* the driver's */
	assert_int_equal(serial->line.parity, 'N');
	assert_int_equal(bus->type, LINK_MODBUS_RTU);
	assert_int_equal(bus->line.baud, 19200);
	assert_int_equal(bus->line.parity, 'E');
	assert_int_equal(bus->line.data_bits, 8);
	assert_int_equal(bus->line.stop_bits, 1);
	assert_int_equal(bus->timeout_ms, 300);
	assert_int_equal(tcp->type, LINK_MODBUS_TCP);
	assert_int_equal(tcp->tcp_port, 1502);

	assert_string_equal(config.devices[0].driver->name, "masimo-ascii1");
	assert_int_equal(config.devices[0].map, -1);
	assert_int_equal(config.engine.devices[0].period_ns, config.devices[0].driver->period_ns);
	assert_string_equal(config.engine.devices[1].name, "cuff");
	assert_null(config.devices[1].driver);
	assert_int_equal(config.devices[1].map, 0);
	assert_int_equal(config.engine.devices[1].period_ns, 500 * NS_PER_MS);
	assert_true(config.engine.devices[1].cuff_command);
	assert_int_equal(config.engine.devices[1].provides,
	                 PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA) |
	                     PARAMETER_BIT(PARAMETER_NIBP_MEAN) | PARAMETER_BIT(PARAMETER_NIBP_PULSE));
	assert_false(config.engine.devices[2].cuff_command);
	assert_int_equal(config.engine.devices[2].provides, PARAMETER_BIT(PARAMETER_ECG_HR) |
	                                                        PARAMETER_BIT(PARAMETER_RESP) |
	                                                        PARAMETER_BIT(PARAMETER_ETCO2));
}

static void test_shipped_maps(void **state)
{
	(void)state;
	read_good("etc/vitalsd.conf");
	const struct register_map *cuff = &config.maps[0], *ecg = &config.maps[1];
	assert_string_equal(cuff->name, "vitals-sim-cuff");
	assert_int_equal(cuff->block_count, 1);
	assert_int_equal(cuff->blocks[0].table, REGISTER_INPUT);
	assert_int_equal(cuff->blocks[0].start, 16);
	assert_int_equal(cuff->blocks[0].count, 8);
	assert_true(cuff->has_identity && cuff->has_sequence && cuff->has_status);
	assert_int_equal(cuff->identity_expect_count, 2);
	assert_int_equal(cuff->identity_expect[0], 0x5653);
	assert_int_equal(cuff->sequence_offset, 0);
	assert_int_equal(cuff->status_offset, 1);
	assert_int_equal(cuff->value_count, 4);
	assert_int_equal(cuff->values[0].offset, 2);
	assert_int_equal(cuff->values[0].scale_milli, 1000);
	assert_int_equal(cuff->values[0].divisor, 1);
	assert_int_equal(cuff->values[0].missing[0], 0xFFFF);
	assert_int_equal(cuff->values[0].missing_reason, REASON_NOT_MEASURED);
	assert_true(cuff->cuff_start.used && cuff->cuff_stop.used);
	assert_int_equal(cuff->cuff_start.address, 32);
	assert_int_equal(cuff->cuff_stop.value, 2);
	assert_int_equal(ecg->values[0].type, REGISTER_F32);
	assert_int_equal(ecg->values[0].order, ORDER_CDAB);
	assert_int_equal(ecg->values[1].scale_milli, 100);
	assert_int_equal(ecg->values[1].missing_reason, REASON_SENSOR_OFF);
	assert_false(ecg->has_sequence);
	assert_false(cuff->alive.used);
	assert_int_equal(cuff->require_count, 1);
	assert_int_equal(cuff->requires[0].offset, 7);
	assert_int_equal(cuff->requires[0].mask, 0xFFFF);
	assert_int_equal(cuff->requires[0].parameters, PARAMETER_BIT(PARAMETER_NIBP_SYS) |
	                                                   PARAMETER_BIT(PARAMETER_NIBP_DIA) |
	                                                   PARAMETER_BIT(PARAMETER_NIBP_MEAN));
	assert_true(ecg->alive.used);
	assert_int_equal(ecg->alive.offset, 5);
	assert_int_equal(ecg->alive.within_ns, 3 * NS_PER_S);
	assert_int_equal(ecg->requires[0].value, 0);
	assert_int_equal(ecg->requires[0].parameters, PARAMETER_BIT(PARAMETER_ETCO2));
}

/* ---- what else is legal ---------------------------------------------------------------------------------------------
 */

static void test_addresses_as_manuals_print_them(void **state)
{
	(void)state;
	static const char map[] =
	    "description = \"x\"\naddress_base = 40001\n"
	    "block \"a\" { table = \"input\"  address = 30017  count = 4 }\n"
	    "block \"b\" { table = \"holding\"  address = 40101  count = 3 }\n"
	    "value \"spo2\" { block = \"a\"  address = 30018  type = \"s16\"  scale = \"0.0025\"  offset = -2.5\n"
	    "  missing = { -1, 0x7FFF } }\n"
	    "value \"pulse\" { block = \"b\"  address = 40102  type = \"s32\"  order = \"badc\"  scale = 2\n"
	    "  missing = { -1, 4294967295 } }\n"
	    "init { address = 40017  value = 0x0001 }\n";
	char path[PATH_BYTES];
	assert_in_range(snprintf(path, sizeof path, "%s/map.conf", directory), 1, sizeof path - 1);
	write_file(path, map, sizeof map - 1, 0600);
	read_good(write_main("bedside = \"t\"\nplan = \"%s/" GOOD "plan.conf\"\ncontrol { socket = \"/run/c\" }\n"
	                     "record { path = \"/var/r\" }\npublish { " ENDPOINTS " }\n"
	                     "link \"l\" { type = \"modbus-tcp\"  host = \"fe80::1\" }\n"
	                     "device \"d\" { link = \"l\"  map = \"map.conf\"  unit = 255  poll_period_ms = 1000 }\n",
	                     here()));
	const struct register_map *m = &config.maps[0];
	assert_int_equal(m->blocks[0].start, 16);
	assert_int_equal(m->blocks[1].start, 100);
	assert_int_equal(m->values[0].offset, 1);
	assert_int_equal(m->values[0].scale_milli, 2500);
	assert_int_equal(m->values[0].divisor, 1000);
	assert_int_equal(m->values[0].offset_milli, -2500);
	assert_int_equal(m->values[0].missing[0], 0xFFFF);
	assert_int_equal(m->values[0].missing[1], 0x7FFF);
	assert_int_equal(m->values[1].block, 1);
	assert_int_equal(m->values[1].scale_milli, 2000);
	assert_int_equal(m->values[1].missing[0], UINT32_MAX);
	assert_int_equal(m->values[1].missing[1], UINT32_MAX);
	assert_int_equal(m->init_count, 1);
	assert_int_equal(m->init[0].address, 16);
	assert_int_equal(config.links[0].tcp_port, 502);
	assert_int_equal(config.links[0].timeout_ms, 500);
	assert_int_equal(config.devices[0].unit, 255);
}

static void test_subset_and_own_line(void **state)
{
	(void)state;
	read_good(write_main("bedside = \"t\"\nplan = \"%s/" GOOD "plan.conf\"\ncontrol { socket = \"/run/c\" }\n"
	                     "record { path = \"/var/r\" }\npublish { " ENDPOINTS
	                     " }\nsyslog_ident = \"ward\"\nsyslog_socket = \"/run/l\"\n"
	                     "realtime_priority = 20\n"
	                     "link \"l\" { type = \"serial\"  port = \"/dev/ttyS1\"  baud = 19200 }\n"
	                     "device \"ox\" { link = \"l\"  driver = \"masimo-ascii1\"  parameters = { \"spo2\" } }\n"
	                     "link \"bus\" { type = \"modbus-rtu\"  port = \"/dev/ttyS0\" }\n"
	                     "device \"cuff\" { link = \"bus\"  map = \"%s/" GOOD "map.conf\"  unit = 1\n"
	                     "  poll_period_ms = 1000  parameters = { \"nibp_dia\" } }\n",
	                     here(), here()));
	assert_string_equal(config.syslog_ident, "ward");
	assert_string_equal(config.syslog_socket, "/run/l");
	assert_int_equal(config.realtime_priority, 20);
	assert_int_equal(config.links[0].line.baud, 19200);
	assert_int_equal(config.links[0].line.data_bits, 8);
	assert_int_equal(config.engine.devices[0].provides, PARAMETER_BIT(PARAMETER_SPO2));
	assert_int_equal(config.engine.devices[1].provides, PARAMETER_BIT(PARAMETER_NIBP_DIA));
	assert_false(config.engine.devices[1].cuff_command); /* its reading would not be seen */
}

static void test_required_displays(void **state)
{
	(void)state;
	static const char publish[] =
	    ENDPOINTS "  required_displays = { \"bedside\", \"station.2\" }  confirm_within_s = 8";
	read_good(write_main("bedside = \"t\"\nplan = \"%s/" GOOD "plan.conf\"\ncontrol { socket = \"/run/c\" }\n"
	                     "record { path = \"/var/r\" }\npublish { %s }\n"
	                     "link \"l\" { type = \"serial\"  port = \"/dev/ttyS1\" }\n"
	                     "device \"ox\" { link = \"l\"  driver = \"masimo-ascii1\"  same_limb_as_cuff = true }\n",
	                     here(), publish));
	assert_int_equal(config.engine.display_count, 2);
	assert_string_equal(config.engine.displays[0], "bedside");
	assert_string_equal(config.engine.displays[1], "station.2");
	assert_int_equal(config.engine.display_within_ns, 8 * NS_PER_S);
	assert_true(config.engine.devices[0].same_limb);
}

/* A streaming device whose driver takes orders. */
static void test_streaming_cuff(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		read_good(write_main("bedside = \"t\"\nplan = \"%s/" GOOD
		                     "plan.conf\"\ncontrol { socket = \"/run/c\" }\n"
		                     "record { path = \"/var/r\" }\npublish { " ENDPOINTS " }\n"
		                     "link \"l\" { type = \"serial\"  port = \"/dev/ttyS1\" }\n"
		                     "device \"cuff\" { link = \"l\"  driver = \"%s\" }\n",
		                     here(), i == 0 ? "par-nibp" : "ivy-ansarb"));
		assert_int_equal(config.links[0].line.baud, i == 0 ? 4800 : 9600);
		assert_int_equal(config.engine.devices[0].provides, config.devices[0].driver->provides);
		assert_int_equal(config.engine.devices[0].cuff_command, i == 0); /* the other cuff takes no orders */
	}
}

/* A device beside the one that is used: polled, so that it counts on its bus, but the provider of nothing. */
static void test_spare_device(void **state)
{
	char printed[8192] = "";

	(void)state;
	read_good(GOOD "spare.conf");
	assert_int_equal(config.device_count, 2);
	assert_int_equal(config.engine.devices[0].provides,
	                 PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA));
	assert_int_equal(config.engine.devices[1].provides, 0);
	assert_false(config.engine.devices[1].cuff_command);
	assert_int_equal(config.devices[1].period_ns, NS_PER_S);
	int64_t both = config_link_cycle_ns(&config, 0);
	FILE *out = fmemopen(printed, sizeof printed - 1, "w");
	assert_non_null(out);
	assert_int_equal(config_print(&config, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(printed, "its values are NOT USED"));
	read_good(GOOD "main.conf");
	assert_int_equal(both, 2 * config_link_cycle_ns(&config, 0));
}

/* Characters of 10 bits (8N1) and 11 bits (8E1, 8N2), silence of 3.5 characters up to 19200 baud and of 1.75 ms above:
 * "Modbus over serial line" V1.02, 2.5.1.1. The times are worked out by hand, in nanoseconds. */
static void test_cycle_of_lines(void **state)
{
	static const struct {
		struct line_settings line;
		int64_t character, silence;
	} lines[] = {
	    {{1200, 'E', 8, 1, false}, 9166666, 32083331}, {{9600, 'N', 8, 1, false}, 1041666, 3645831},
	    {{9600, 'E', 8, 1, false}, 1145833, 4010415},  {{9600, 'O', 8, 1, false}, 1145833, 4010415},
	    {{9600, 'N', 8, 2, false}, 1145833, 4010415},  {{9600, 'E', 8, 2, false}, 1250000, 4375000},
	    {{19200, 'N', 8, 1, false}, 520833, 1822915},  {{19200, 'E', 8, 1, false}, 572916, 2005206},
	    {{38400, 'N', 8, 1, false}, 260416, 1750000},  {{38400, 'E', 8, 1, false}, 286458, 1750000},
	    {{115200, 'N', 8, 2, false}, 95486, 1750000},
	};

	(void)state;
	read_good(GOOD "main.conf");
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		config.links[0].line = lines[i].line;
		assert_int_equal(config_link_cycle_ns(&config, 0),
		                 21 * lines[i].character + 2 * lines[i].silence + 326 * NS_PER_MS);
	}
}

static void test_cycle(void **state)
{
	(void)state;
	read_good(GOOD "main.conf");
	/* 8E1 at 19200 baud: 11 bits a character; request 8 and answer 13 characters, 3.5 characters of silence twice,
	 * 26 ms for device and adapter, 300 ms for one lost answer. */
	int64_t character = 11 * NS_PER_S / 19200;
	assert_int_equal(config_link_cycle_ns(&config, 0), 21 * character + 2 * (character * 7 / 2) + 326 * NS_PER_MS);
	read_good("etc/vitalsd.conf");
	assert_int_equal(config_link_cycle_ns(&config, 0), 0);
	assert_int_equal(config_link_cycle_ns(&config, 2), 510 * NS_PER_MS);
}

static void hash_file(crypto_hash_sha256_state *hash, const char *path)
{
	unsigned char bytes[8192];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t count = fread(bytes, 1, sizeof bytes, file);
	assert_in_range(count, 1, sizeof bytes - 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(crypto_hash_sha256_update(hash, bytes, count), 0);
}

static void hash_hex(crypto_hash_sha256_state *hash, char hex[65])
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	assert_int_equal(crypto_hash_sha256_final(hash, digest), 0);
	assert_non_null(sodium_bin2hex(hex, 65, digest, sizeof digest));
}

/* As anybody can check: cat MAIN PLAN MAP | sha256sum */
static void test_hash(void **state)
{
	(void)state;
	crypto_hash_sha256_state all, plan;
	char hex[65];
	assert_int_equal(crypto_hash_sha256_init(&all), 0);
	hash_file(&all, GOOD "main.conf");
	hash_file(&all, GOOD "plan.conf");
	hash_file(&all, GOOD "map.conf");
	assert_int_equal(crypto_hash_sha256_init(&plan), 0);
	hash_file(&plan, GOOD "plan.conf");
	read_good(GOOD "main.conf");
	hash_hex(&all, hex);
	assert_string_equal(config.hash_hex, hex);
	hash_hex(&plan, hex);
	assert_string_equal(config.plan_hash_hex, hex);
}

static void test_print(void **state)
{
	(void)state;
	static char text[65536];
	read_good("etc/vitalsd.conf");
	memset(text, 0, sizeof text);
	FILE *out = fmemopen(text, sizeof text - 1, "w");
	assert_non_null(out);
	assert_int_equal(config_print(&config, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, config.hash_hex));
	assert_non_null(strstr(text, "nibp_sys at input 18 (30019): u16 x 1"));
	assert_non_null(strstr(text, "cuff start: write 1 to holding 32 (40033)"));
	assert_non_null(strstr(text, "19200 8E1"));
	assert_null(strstr(text, "NOTE"));
	read_good(GOOD "main.conf");
	memset(text, 0, sizeof text);
	out = fmemopen(text, sizeof text - 1, "w");
	assert_non_null(out);
	assert_int_equal(config_print(&config, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "NOTE: no device provides spo2"));
}

/* ---- mistakes -------------------------------------------------------------------------------------------------------
 */

#define EXPECT "# expect "

static int wrong; /* files or errors that were not as expected */

/* Compares the next line of `errors` with "FILE:" and an expectation; returns what follows it. */
static const char *check_error(const char *line, const char *file, const char *expectation, const char *name)
{
	char wanted[1024];
	assert_in_range(snprintf(wanted, sizeof wanted, "%s:%s", file, expectation), 1, sizeof wanted - 1);
	const char *end = strchr(line, '\n');
	if (end == NULL || strncmp(line, wanted, strlen(wanted)) != 0) {
		print_error("%s: expected \"%s\" but got \"%s\"\n", name, wanted, line);
		wrong++;
		return end != NULL ? end + 1 : line;
	}
	assert_non_null(memmem(line, (size_t)(end - line), "(legal: ", 8));
	return end + 1;
}

static void check_bad(const char *name)
{
	char path[PATH_BYTES], shown[2 * PATH_BYTES], line[1024];
	assert_in_range(snprintf(path, sizeof path, "%s%s", BAD, name), 1, sizeof path - 1);
	const char *read = path;
	(void)snprintf(shown, sizeof shown, "%s", path);
	if (strncmp(name, "main-", 5) != 0) {
		bool plan = strncmp(name, "plan-", 5) == 0;
		(void)snprintf(shown, sizeof shown, "%s/%s", here(), path);
		read = write_variant(plan ? path : GOOD "plan.conf", plan ? GOOD "map.conf" : path, ENDPOINTS);
	}
	int count = read_config(read), expected = 0;
	const char *error = errors;
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, EXPECT, sizeof EXPECT - 1) != 0)
			continue;
		error = check_error(error, shown, line + sizeof EXPECT - 1, name);
		expected++;
	}
	assert_int_equal(fclose(file), 0);
	if (expected == 0 || count != expected || *error != '\0') {
		print_error("%s: %d errors expected, %d counted, not expected: %s\n", name, expected, count, error);
		wrong++;
	}
	assert_int_equal(config.device_count, 0); /* nothing half-right is left */
}

static void test_bad_files(void **state)
{
	(void)state;
	struct dirent **names;
	int count = scandir(BAD, &names, NULL, alphasort), checked = 0;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			check_bad(names[i]->d_name);
			checked++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(checked >= 270);
	assert_int_equal(wrong, 0);
}

static void assert_only_error(int count, const char *wanted)
{
	if (count != 1 || strstr(errors, wanted) == NULL)
		fail_msg("expected one error \"%s\" but got %d: %s", wanted, count, errors);
}

static void test_odd_files(void **state)
{
	(void)state;
	assert_only_error(read_config("tests/config/none.conf"), "tests/config/none.conf:1: file: cannot open");
	assert_only_error(read_config("tests/config"), "tests/config:1: file: tests/config is not a regular file");
	char fifo[PATH_BYTES];
	assert_in_range(snprintf(fifo, sizeof fifo, "%s/fifo.conf", directory), 1, sizeof fifo - 1);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_only_error(read_config(fifo), "is not a regular file");

	static char large[256 * 1024 + 1];
	char path[PATH_BYTES];
	memset(large, '\n', sizeof large);
	assert_in_range(snprintf(path, sizeof path, "%s/large.conf", directory), 1, sizeof path - 1);
	write_file(path, large, sizeof large, 0600);
	assert_only_error(read_config(path), "is too large (legal: a readable regular file of at most 262144 bytes)");
	write_file(path, large, sizeof large - 1, 0600);
	assert_true(read_config(path) > 1); /* read, and found to be empty */
	assert_null(strstr(errors, "too large"));

	static char name[2 * PATH_BYTES];
	memset(name, 'x', sizeof name - 1);
	assert_only_error(read_config(name), "path is too long (legal: 1..255 bytes)");
}

/* An error inside one file must not change how the next is read: libconfuse's lexer outlives a parse. */
static void test_reading_after_an_error(void **state)
{
	(void)state;
	assert_int_not_equal(read_config(BAD "main-open-string.conf"), 0);
	read_good(GOOD "main.conf");
	assert_int_not_equal(read_config(BAD "main-open-section.conf"), 0);
	read_good("etc/vitalsd.conf");
}

static void test_many_errors_are_bounded(void **state)
{
	(void)state;
	static char text[200 * 64];
	size_t used = 0;
	for (int i = 0; i < 200; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "device \"d%d\" { }\n", i);
	char path[PATH_BYTES];
	assert_in_range(snprintf(path, sizeof path, "%s/many.conf", directory), 1, sizeof path - 1);
	write_file(path, text, used, 0600);
	(void)read_config(path);
	/* 32 devices are looked at */
	assert_non_null(strstr(errors, "there are 200 of these (legal: at most 32)"));
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 2 == 0 ? '*' : '\n';
	write_file(path, text, sizeof text - 1, 0600);
	assert_true(read_config(path) > 1000);
	assert_non_null(strstr(errors, "more errors follow, not shown"));
	size_t lines = 0;
	for (const char *p = errors; *p != '\0'; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 101);
}

/* ---- keys -----------------------------------------------------------------------------------------------------------
 */

/* Example keys of the ZeroMQ manual. */
#define PUBLIC_KEY "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET_KEY "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static const char *write_key(const char *text, mode_t mode)
{
	static char path[PATH_BYTES];
	assert_in_range(snprintf(path, sizeof path, "%s/secret.key", directory), 1, sizeof path - 1);
	write_file(path, text, strlen(text), mode);
	return path;
}

static int read_with_key(const char *display_keys)
{
	char publish[512];
	assert_in_range(snprintf(publish, sizeof publish,
	                         "endpoints = { \"tcp://0.0.0.0:5555\", \"tcp://[::1]:5556\" }\n"
	                         "curve_secret_key_file = \"secret.key\"  %s",
	                         display_keys),
	                1, sizeof publish - 1);
	return read_config(write_variant(GOOD "plan.conf", GOOD "map.conf", publish));
}

#define DISPLAYS "display_keys = { '" PUBLIC_KEY "' }"

static void test_keys(void **state)
{
	(void)state;
	(void)write_key(SECRET_KEY "\n", 0600);
	assert_int_equal(read_with_key(DISPLAYS), 0);
	assert_true(config.publish.curve);
	assert_string_equal(config.publish.secret_key, SECRET_KEY);
	assert_int_equal(config.publish.client_key_count, 1);
	assert_string_equal(config.publish.client_keys[0], PUBLIC_KEY);
	assert_int_equal(config.publish.endpoint_count, 2);
	char text[65536] = "";
	FILE *out = fmemopen(text, sizeof text - 1, "w");
	assert_non_null(out);
	assert_int_equal(config_print(&config, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_null(strstr(text, SECRET_KEY));

	assert_only_error(read_with_key(""), "display_keys: is missing in publish");
	assert_only_error(read_with_key("display_keys = { \"short\" }"), "display_keys: \"short\" is not a public key");
	assert_only_error(read_with_key("display_keys = { \"########################################\" }"),
	                  "is not a public key"); /* above 2^32 */
	(void)write_key(SECRET_KEY, 0400);
	assert_int_equal(read_with_key(DISPLAYS), 0);
	(void)write_key(SECRET_KEY, 0640);
	assert_only_error(read_with_key(DISPLAYS), "curve_secret_key_file: ");
	assert_non_null(strstr(errors, "has mode 0640"));
	(void)write_key("", 0600);
	assert_only_error(read_with_key(DISPLAYS), "does not hold a key");
	(void)write_key(SECRET_KEY "\n\n", 0600);
	assert_only_error(read_with_key(DISPLAYS), "does not hold a key");
	assert_null(strstr(errors, SECRET_KEY));
}

static char *read_text(const char *path)
{
	static char text[256 * 1024];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t size = fread(text, 1, sizeof text - 1, file);
	assert_in_range(size, 1, sizeof text - 2);
	assert_int_equal(fclose(file), 0);
	text[size] = '\0';
	return text;
}

/* Every key of every schema stands in docs/CONFIGURATION.md between back quotes, or as the first of a pair in seconds
 * and minutes. */
static void test_every_key_is_documented(void **state)
{
	(void)state;
	static const char *const files[] = {"main", "plan", "rule", "term", "map"};
	static const char *const rows[] = {"TREE_VALUE(\"", "TREE_LIST(\"", "TREE_SECTION(\"", "TREE_TITLED(\""};
	static char documented[256 * 1024];
	int keys = 0;
	(void)snprintf(documented, sizeof documented, "%s", read_text("docs/CONFIGURATION.md"));
	for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
		char path[PATH_BYTES], key[64];
		(void)snprintf(path, sizeof path, "daemon/config/config_%s.c", files[f]);
		const char *source = read_text(path);
		for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
			for (const char *p = strstr(source, rows[r]); p != NULL; p = strstr(p + 1, rows[r])) {
				const char *name = p + strlen(rows[r]);
				int length = (int)strcspn(name, "\"");
				(void)snprintf(key, sizeof key, "%.*s", length, name);
				bool minutes = length > 4 && strcmp(key + length - 4, "_min") == 0;
				char quoted[80], dotted[80];
				(void)snprintf(quoted, sizeof quoted, "`%s", key);
				(void)snprintf(dotted, sizeof dotted, ".%s`", key);
				if (!minutes && strstr(documented, quoted) == NULL &&
				    strstr(documented, dotted) == NULL)
					fail_msg("docs/CONFIGURATION.md does not describe %s", key);
				keys++;
			}
	}
	assert_true(keys > 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shipped_bedside),
	    cmocka_unit_test(test_shipped_maps),
	    cmocka_unit_test(test_required_displays),
	    cmocka_unit_test(test_addresses_as_manuals_print_them),
	    cmocka_unit_test(test_subset_and_own_line),
	    cmocka_unit_test(test_streaming_cuff),
	    cmocka_unit_test(test_spare_device),
	    cmocka_unit_test(test_cycle),
	    cmocka_unit_test(test_cycle_of_lines),
	    cmocka_unit_test(test_hash),
	    cmocka_unit_test(test_print),
	    cmocka_unit_test(test_bad_files),
	    cmocka_unit_test(test_odd_files),
	    cmocka_unit_test(test_reading_after_an_error),
	    cmocka_unit_test(test_many_errors_are_bounded),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_every_key_is_documented),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
