-- The review queue has a database of its own, beside that of the Dagster instance, which the image of Postgres makes.
create database answers;
