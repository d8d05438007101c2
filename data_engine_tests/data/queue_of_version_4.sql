BEGIN TRANSACTION;
CREATE TABLE review_action (
	cursor INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	annotator TEXT NOT NULL, 
	token_id TEXT, 
	kind TEXT NOT NULL, 
	subject_id TEXT, 
	detail TEXT NOT NULL
);
CREATE TABLE review_annotation (
	annotation_id TEXT NOT NULL,
	task_id TEXT NOT NULL,
	annotator TEXT NOT NULL,
	submission_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	submitted_answer TEXT NOT NULL,
	answer TEXT NOT NULL,
	label TEXT,
	provenance TEXT NOT NULL,
	active_s FLOAT,
	revision INTEGER NOT NULL,
	submitted_at DATETIME NOT NULL,
	PRIMARY KEY (annotation_id),
	UNIQUE (task_id, annotator),
	FOREIGN KEY(task_id) REFERENCES review_task (task_id),
	FOREIGN KEY(annotator) REFERENCES review_annotator (annotator),
	UNIQUE (submission_id)
);
INSERT INTO "review_annotation" VALUES('c3d94514e362509d6a18863530b0ee09','461902b392323a6a1c7258bcb13410b7','ada','ada-0','class','{"label":"baking"}','{"label":"baking"}','baking','human_assisted',4.0,1,'2026-03-01 12:00:04.000000');
INSERT INTO "review_annotation" VALUES('dedf19c4d0a5180794d4208543bc3af1','f4ce1c36a7be04714dc3aed7a58f4bb7','ada','ada-1','class','{"label":"baking"}','{"label":"sailing"}','sailing','model_edited',3.5,2,'2026-03-01 12:00:09.000000');
INSERT INTO "review_annotation" VALUES('f79d7132093082a7b9d3e2903ff63b01','151a4153e2c44dbe5fff402a442d0706','bob','bob-0','class','{"label":"sailing"}','{"label":"sailing"}','sailing','human',8.0,1,'2026-03-01 12:16:50.000000');
CREATE TABLE review_annotator (
	annotator TEXT NOT NULL,
	is_simulated BOOLEAN NOT NULL,
	first_seen_at DATETIME NOT NULL,
	PRIMARY KEY (annotator)
);
INSERT INTO "review_annotator" VALUES('ada',0,'2026-03-01 12:00:00.000000');
INSERT INTO "review_annotator" VALUES('bob',0,'2026-03-01 12:16:40.000000');
CREATE TABLE review_audit (
	cursor INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	at DATETIME NOT NULL,
	kind TEXT NOT NULL,
	batch_id TEXT NOT NULL,
	revision INTEGER NOT NULL,
	subject_id TEXT,
	detail TEXT NOT NULL,
	FOREIGN KEY(batch_id) REFERENCES review_batch (batch_id)
);
INSERT INTO "review_audit" VALUES(1,'2026-03-01 12:00:00.000000','opened','notes-round-000',1,NULL,'{"cause": "first", "n_tasks": 3}');
INSERT INTO "review_audit" VALUES(2,'2026-03-01 12:00:20.000000','corrected','notes-round-000',2,'dedf19c4d0a5180794d4208543bc3af1','{"after": {"answer": "{\"label\":\"sailing\"}", "label": "sailing", "provenance": "model_edited", "revision": 2}, "before": {"answer": "{\"label\":\"baking\"}", "label": "baking", "provenance": "model_accepted", "revision": 1}}');
INSERT INTO "review_audit" VALUES(3,'2026-03-01 12:16:50.000000','answered','notes-round-000',2,NULL,'{"n_done": 3, "n_tasks": 3}');
INSERT INTO "review_audit" VALUES(4,'2026-03-01 12:18:20.000000','decided','notes-round-000',2,'s2','{"method": "consensus", "new_label": "sailing", "old_label": null}');
INSERT INTO "review_audit" VALUES(5,'2026-03-02 12:00:00.000000','opened','notes-round-001',1,NULL,'{"cause": "more", "n_tasks": 1}');
CREATE TABLE review_batch (
	batch_id TEXT NOT NULL,
	corpus TEXT NOT NULL,
	question TEXT NOT NULL,
	classes TEXT NOT NULL,
	kind TEXT DEFAULT 'class' NOT NULL,
	cause TEXT NOT NULL,
	answers_per_task INTEGER NOT NULL,
	opened_at DATETIME NOT NULL,
	answered_at DATETIME,
	revision INTEGER NOT NULL,
	n_tasks INTEGER NOT NULL,
	n_open INTEGER NOT NULL,
	n_done INTEGER NOT NULL,
	PRIMARY KEY (batch_id)
);
INSERT INTO "review_batch" VALUES('notes-round-000','notes','About?','["baking", "sailing"]','class','first',1,'2026-03-01 12:00:00.000000','2026-03-01 12:16:50.000000',2,3,0,3);
INSERT INTO "review_batch" VALUES('notes-round-001','notes','About?','["baking", "sailing"]','class','more',1,'2026-03-02 12:00:00.000000',NULL,1,1,1,0);
CREATE TABLE review_comment (
	task_id TEXT NOT NULL, 
	annotator TEXT NOT NULL, 
	text TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (task_id, annotator), 
	FOREIGN KEY(task_id) REFERENCES review_task (task_id)
);
CREATE TABLE review_decision (
	batch_id TEXT NOT NULL,
	sample_id TEXT NOT NULL,
	label TEXT NOT NULL,
	posterior FLOAT,
	method TEXT NOT NULL,
	decided_at DATETIME NOT NULL,
	PRIMARY KEY (batch_id, sample_id),
	FOREIGN KEY(batch_id) REFERENCES review_batch (batch_id)
);
INSERT INTO "review_decision" VALUES('notes-round-000','s2','sailing',0.9,'consensus','2026-03-01 12:18:20.000000');
CREATE TABLE review_lease (
	lease_id TEXT NOT NULL,
	task_id TEXT NOT NULL,
	annotator TEXT NOT NULL,
	lease_s INTEGER NOT NULL,
	taken_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	outcome TEXT,
	ended_at DATETIME,
	reason TEXT,
	draft TEXT,
	PRIMARY KEY (lease_id),
	FOREIGN KEY(task_id) REFERENCES review_task (task_id),
	FOREIGN KEY(annotator) REFERENCES review_annotator (annotator)
);
INSERT INTO "review_lease" VALUES('8ebc84ce9a6dd5d9889795fadf6a5207','461902b392323a6a1c7258bcb13410b7','ada',420,'2026-03-01 12:00:00.000000','2026-03-01 12:07:00.000000','submitted','2026-03-01 12:00:04.000000',NULL,NULL);
INSERT INTO "review_lease" VALUES('f4d7de07744d29be7872ab03af664b04','f4ce1c36a7be04714dc3aed7a58f4bb7','ada',420,'2026-03-01 12:00:05.000000','2026-03-01 12:07:05.000000','submitted','2026-03-01 12:00:09.000000',NULL,NULL);
INSERT INTO "review_lease" VALUES('66aa79b6c2b12c6797fff5b7c0e72f22','151a4153e2c44dbe5fff402a442d0706','ada',420,'2026-03-01 12:00:30.000000','2026-03-01 12:07:30.000000','expired','2026-03-01 12:16:40.000000',NULL,'{"label":"baking"}');
INSERT INTO "review_lease" VALUES('2097efae2db750fc1b6583352a3d1728','151a4153e2c44dbe5fff402a442d0706','bob',420,'2026-03-01 12:16:40.000000','2026-03-01 12:23:40.000000','submitted','2026-03-01 12:16:50.000000',NULL,NULL);
CREATE TABLE review_proposal (
	task_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	answer TEXT NOT NULL,
	label TEXT,
	probability FLOAT,
	PRIMARY KEY (task_id),
	FOREIGN KEY(task_id) REFERENCES review_task (task_id)
);
INSERT INTO "review_proposal" VALUES('461902b392323a6a1c7258bcb13410b7','class','{"label":"baking"}','baking',0.75);
INSERT INTO "review_proposal" VALUES('f4ce1c36a7be04714dc3aed7a58f4bb7','class','{"label":"baking"}','baking',NULL);
CREATE TABLE review_queue (
	queue_id TEXT NOT NULL, 
	PRIMARY KEY (queue_id)
);
INSERT INTO "review_queue" VALUES('0123456789abcdef0123456789abcdef');
CREATE TABLE review_schema (
	version INTEGER NOT NULL,
	PRIMARY KEY (version)
);
INSERT INTO "review_schema" VALUES(3);
INSERT INTO "review_schema" VALUES(4);
CREATE TABLE review_task (
	task_id TEXT NOT NULL,
	batch_id TEXT NOT NULL,
	corpus TEXT NOT NULL,
	position INTEGER NOT NULL,
	sample_id TEXT NOT NULL,
	purpose TEXT NOT NULL,
	arm TEXT NOT NULL,
	payload TEXT NOT NULL,
	priority FLOAT NOT NULL,
	opened_at DATETIME NOT NULL,
	n_wanted INTEGER NOT NULL,
	n_answers INTEGER NOT NULL,
	is_open BOOLEAN NOT NULL,
	PRIMARY KEY (task_id),
	CONSTRAINT review_task_not_over_annotated CHECK (n_answers <= n_wanted),
	FOREIGN KEY(batch_id) REFERENCES review_batch (batch_id)
);
INSERT INTO "review_task" VALUES('461902b392323a6a1c7258bcb13410b7','notes-round-000','notes',0,'s0','query','assisted','{"text": "knead; ''it''"}',3.0,'2026-03-01 12:00:00.000000',1,1,0);
INSERT INTO "review_task" VALUES('f4ce1c36a7be04714dc3aed7a58f4bb7','notes-round-000','notes',1,'s1','trap','trap','{"text": "mast"}',2.0,'2026-03-01 12:00:00.000000',1,1,0);
INSERT INTO "review_task" VALUES('151a4153e2c44dbe5fff402a442d0706','notes-round-000','notes',2,'s2','hold_out','blind','{"text": "na\u00efve"}',1.0,'2026-03-01 12:00:00.000000',1,1,0);
INSERT INTO "review_task" VALUES('b9ccff5b1ca82bbcbb903f148fa3826b','notes-round-001','notes',0,'s3','query','manual','{"text": "flour"}',0.0,'2026-03-02 12:00:00.000000',1,0,1);
CREATE TABLE review_token (
	token_id TEXT NOT NULL, 
	token_hash TEXT NOT NULL, 
	annotator TEXT NOT NULL, 
	role TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	PRIMARY KEY (token_id), 
	UNIQUE (token_hash)
);
CREATE INDEX review_batch_by_corpus ON review_batch (corpus, opened_at);
CREATE INDEX review_task_open ON review_task (is_open, priority DESC, opened_at, batch_id, position);
CREATE INDEX review_task_open_of_batch ON review_task (batch_id, is_open, priority DESC, opened_at, position);
CREATE INDEX review_task_open_of_corpus ON review_task (corpus, is_open, priority DESC, opened_at, batch_id, position);
CREATE INDEX review_lease_live ON review_lease (annotator) WHERE outcome IS NULL;
CREATE INDEX review_lease_expiry ON review_lease (expires_at) WHERE outcome IS NULL;
CREATE INDEX review_lease_by_task ON review_lease (task_id, annotator);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('review_audit',5);
COMMIT;
